"""The verbs that `evaluate.cli` mounts, by what they are about."""
