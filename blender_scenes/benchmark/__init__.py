"""How long heroprop takes for a frame, against the beauty pass alone and against a peer: `python -m ...benchmark`."""
