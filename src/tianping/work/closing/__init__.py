"""The daily close: every official figure as of T, counted or carried, and its benchmarks."""
