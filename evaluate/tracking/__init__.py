"""What the streaming tracker is made of; `evaluate.tracker` is its door."""
