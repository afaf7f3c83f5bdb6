"""What hides a target: predicted by projected geometry, and placed until it is as asked for."""
