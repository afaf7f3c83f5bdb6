"""Held-out clips, tracked as a user would: scores, what they depend on, and pictures of the worst."""
