"""Copies of an instance, encrypted to whoever keeps them, and the way back from one."""
