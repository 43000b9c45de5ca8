"""Ethnic groups: the five of the 2021 census of England and Wales, their made-up shares, and how files differ by them.

Rates that differ are the point of this world: linkage loses some groups more than others because what departments know
about them is wrong or missing more often. The factors are made up, in the order of what linkage studies report.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from saferoom.hub.demo.population.arrays import Floats
from saferoom.hub.demo.population.places import REGIONS

GROUPS = ("white", "mixed", "asian", "black", "other")
WHITE, MIXED, ASIAN, BLACK, OTHER = range(5)

LABELS: Mapping[str, str] = {
    "white": "White",
    "mixed": "Mixed or Multiple ethnic groups",
    "asian": "Asian, Asian British or Asian Welsh",
    "black": "Black, Black British, Black Welsh, Caribbean or African",
    "other": "Other ethnic group",
}
"""Published names of the five groups."""

# Shares of white, mixed, asian, black, other; rounded by hand after what is known of the regions.
_SHARES: Mapping[str, tuple[float, float, float, float, float]] = {
    "North East": (0.93, 0.01, 0.04, 0.01, 0.01),
    "North West": (0.85, 0.02, 0.09, 0.03, 0.01),
    "Yorkshire and The Humber": (0.85, 0.02, 0.09, 0.03, 0.01),
    "East Midlands": (0.82, 0.03, 0.10, 0.04, 0.01),
    "West Midlands": (0.75, 0.03, 0.14, 0.06, 0.02),
    "East of England": (0.84, 0.03, 0.08, 0.04, 0.01),
    "London": (0.54, 0.06, 0.20, 0.14, 0.06),
    "South East": (0.86, 0.03, 0.07, 0.03, 0.01),
    "South West": (0.93, 0.02, 0.03, 0.015, 0.005),
    "Wales": (0.93, 0.02, 0.03, 0.01, 0.01),
    "Scotland": (0.93, 0.01, 0.04, 0.01, 0.01),
    "Northern Ireland": (0.965, 0.01, 0.015, 0.005, 0.005),
}

# Of each group, whose names are british, irish, polish, south_asian, chinese, african, arabic.
ORIGIN_SHARES: Floats = np.array(
    [
        [0.86, 0.07, 0.07, 0.0, 0.0, 0.0, 0.0],
        [0.60, 0.05, 0.02, 0.12, 0.05, 0.12, 0.04],
        [0.02, 0.0, 0.0, 0.84, 0.12, 0.0, 0.02],
        [0.32, 0.0, 0.0, 0.01, 0.0, 0.64, 0.03],
        [0.10, 0.01, 0.01, 0.10, 0.05, 0.05, 0.68],
    ]
)

WRONG = np.array([1.0, 1.3, 1.9, 2.1, 2.3])
"""Factor on the rates of typing errors, missing values and names in another form or order, by group."""

STALE = np.array([1.0, 1.2, 1.3, 1.6, 1.6])
"""Factor on the rate of addresses and surnames that a department still holds after they changed, by group."""

ABSENT = np.array([1.0, 1.4, 1.6, 2.2, 2.0])
"""Factor on the rate of people of whom a department has no record though it should, by group."""

DEPRIVED = 1.25
"""Factor on all those rates in the three most deprived tenths of neighbourhoods."""

TAKES_UP = np.array([0.92, 0.88, 0.80, 0.84, 0.76])
"""Share of those entitled to free school meals who are registered for them, by group."""


def shares() -> Floats:
    """Return the shares of groups by region, shape (regions, groups)."""
    return np.array([_SHARES[name] for name in REGIONS.values()])
