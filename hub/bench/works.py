"""The tables of the query benchmark: two shapes, four statistics; every contestant computes all of them.

This module imports nothing, so that every contestant's interpreter can read it.
"""

from __future__ import annotations

SHAPES = {"10 x 10": ("area", "branch"), "50 x 20": ("region", "sector")}
"""Name of each shape and the two columns that make its cells."""
STATISTICS = ("count", "mean", "median", "std")
MEASURE = "pay"
WORKS = tuple((f"{shape} {statistic}", by, statistic) for shape, by in SHAPES.items() for statistic in STATISTICS)
"""Name, columns and statistic of every table."""
