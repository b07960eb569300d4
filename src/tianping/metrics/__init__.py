"""A metric's definition becomes SQL, numbers, and the rows behind them."""
