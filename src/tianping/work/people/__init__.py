"""Who may do what in which shops, how they come in, and the trail of what was done."""
