"""Bytes and FLOPs of a list of steps, counted from shapes alone; the planner under a budget."""
