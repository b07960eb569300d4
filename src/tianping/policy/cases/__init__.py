"""What the rule book says of cases: flows, clocks, guards, tables and rules that act, read and proved."""
