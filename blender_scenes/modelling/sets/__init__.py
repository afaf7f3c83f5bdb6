"""The sets, a module each, and what furnishes them."""
