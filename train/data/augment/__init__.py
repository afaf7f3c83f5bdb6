"""How windows are changed in training; what labels say stays true."""
