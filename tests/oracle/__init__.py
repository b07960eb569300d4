"""A second, slow reading of the specification, to hold the program against."""
