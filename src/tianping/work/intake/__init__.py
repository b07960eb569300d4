"""Facts in, and back out: imports and what they cover, uploads, bad rows on their way back, small files merged."""
