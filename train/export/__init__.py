"""Checkpoints for other programs, each proved to give the same masks there before it is kept."""
