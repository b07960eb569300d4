"""A draft of a pack over the past, beside the pack in force."""
