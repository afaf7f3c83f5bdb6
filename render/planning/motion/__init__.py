"""The way a prop goes through the picture: kinds of motion, and what is hit on the way."""
