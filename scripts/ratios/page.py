"""Tables on the terminal that can be put into `docs/performance.md` as they are."""


def head(*names: str) -> None:
    print()
    row(*names)
    print("|---" * len(names) + "|", flush=True)


def row(name: str, *cells: str) -> None:
    print(f"| {name:32} |", " ".join(f"{cell:>9} |" for cell in cells), flush=True)
