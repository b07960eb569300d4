"""Violations and measures, from proposal to the end of an appeal: what people and the clock do, and what follows."""
