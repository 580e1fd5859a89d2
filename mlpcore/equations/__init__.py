"""The equations: what an operation and a step are, and the rows that a pass is made of."""
