"""The verbs of the command line that make, check and exchange datasets; `render.cli` mounts them."""
