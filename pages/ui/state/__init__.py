"""What one visitor has: inputs only. Nothing here draws."""
