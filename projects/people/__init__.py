"""Accredited people and what they may enter."""
