"""Windows of a dataset: which are shown, and how they are read."""
