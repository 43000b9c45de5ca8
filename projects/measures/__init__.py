"""Derived data: documented, versioned steps that make one table out of others, inside the trusted side or a room."""
