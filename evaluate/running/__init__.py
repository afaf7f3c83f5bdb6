"""Clips through methods: what is run, what is kept of it, and the figures that come out."""
