"""What the rule book says: packs as dated data, strictly read."""
