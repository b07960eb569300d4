"""Packs tried without a home: figures from rows in hand, what the rules say of them, and packs' own tests."""
