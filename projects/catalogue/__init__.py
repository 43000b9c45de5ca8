"""Datasets: their owners, variables, units and policies."""
