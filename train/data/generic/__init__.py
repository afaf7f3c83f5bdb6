"""Generic moving things, made in NumPy: the data of the nano base."""
