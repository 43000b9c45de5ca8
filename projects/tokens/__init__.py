"""API tokens: what a program shows to act in the name of the person who made it."""
