"""What a clip looks like: set and light, effects, lens and film."""
