"""What is allowed: risk appetites and release routes as data, with their typed models."""
