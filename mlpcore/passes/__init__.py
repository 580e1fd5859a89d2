"""Forward, backward and update as lists of steps; conventions and layouts; a whole training step."""
