"""What a home was told once: a name and a value each."""

from sqlalchemy import Engine, delete, insert, select

from tianping.store.schema import setting


def get(engine: Engine, name: str, default: str) -> str:
    """The value of a setting."""
    with engine.connect() as connection:
        return str(connection.execute(select(setting.c.value).where(setting.c.name == name)).scalar() or default)


def put(engine: Engine, name: str, value: str) -> None:
    """Set it."""
    with engine.begin() as connection:
        connection.execute(delete(setting).where(setting.c.name == name))
        connection.execute(insert(setting).values(name=name, value=value))
