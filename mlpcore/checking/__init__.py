"""Whether a result is right: numerical gradients, and a learner's work with the mistakes in it."""
