"""The hero props, a module each, and what they are forged of."""
