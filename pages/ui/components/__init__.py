"""Components in the browser: a Python wrapper, a payload, ES modules and a style sheet each."""
