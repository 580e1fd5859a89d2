"""Whether a result is right: numerical gradients, and their verdict."""
