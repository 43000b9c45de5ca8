"""What is told about a running instance to whoever watches it: numbers, health, and whether its parts work."""
