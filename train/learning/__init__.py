"""What one step is made of: prompts, losses, the optimiser, the step itself, and averages of weights."""
