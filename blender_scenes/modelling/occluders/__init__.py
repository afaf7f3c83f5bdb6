"""What stands, hangs and flies before a target, a module each."""
