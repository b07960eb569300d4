"""Files of every format as batches of cells, each with the line it stands in."""
