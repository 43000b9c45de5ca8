"""Checks of a delivery: what is looked at, by which SQL, against which thresholds. Nothing here runs a query."""
