"""Whether a result is right: numerical gradients, and somebody's work with the mistakes in it."""
