"""Benchmarks of the trainer, each against the official code in the same run."""
