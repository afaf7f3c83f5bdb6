"""Who else is in a clip: targets, distractors, and figures that hold a target."""
