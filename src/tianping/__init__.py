"""天平 Tianping: after-sales governance, every figure shown down to its rows."""

__version__ = "0.1.0"
