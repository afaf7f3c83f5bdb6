"""A SAM 2 model as the tracker runs it: its calls, its memories, and what makes it faster."""
