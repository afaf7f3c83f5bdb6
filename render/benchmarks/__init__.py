"""Benchmarks of the data path that anyone can run: `python -m render.benchmarks.scale`, `....packing`."""
