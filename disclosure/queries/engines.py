"""Which engine computes: part of a deployment, never of a query."""

from __future__ import annotations

from enum import StrEnum


class EngineKind(StrEnum):
    """What computes a declared statistic."""

    DUCKDB = "duckdb"
    """In this process, on files of any size that fit on a machine's disks."""
    SPARK = "spark"
    """With Apache Spark, on this machine or on a cluster; numbers are the same."""
