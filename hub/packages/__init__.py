"""Wheels of the instance: how they are checked, where they lie, and which of them enter."""
