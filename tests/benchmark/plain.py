"""What a plain tool prints for work that Saferoom prints differently: the numbers that prove a label."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import Any

import numpy as np
from tests.benchmark.model import Numbers, Released

from saferoom.disclosure.verdict import Table

Plain = Callable[[], Released]


def label(value: float, edges: Sequence[float]) -> str:
    """Return the bin of a value, as a histogram writes it."""
    place = min(int(np.searchsorted(edges, value, side="right")), len(edges) - 1)
    return f"{edges[place - 1]!r} to {edges[place]!r}"


def histogram(frame: Any, measure: str, edges: Sequence[float], by: str | None = None) -> Plain:
    """Return the counts of a histogram with exactly these edges."""

    def released() -> Released:
        rows: list[tuple[Any, ...]] = []
        groups = [((), frame)] if by is None else [((name,), group) for name, group in frame.groupby(by)]
        for head, group in groups:
            counts, _ = np.histogram(group[measure].dropna().to_numpy(dtype=float), edges)
            for place, count in enumerate(counts.tolist()):
                rows.append((*head, f"{edges[place]!r} to {edges[place + 1]!r}", count))
        columns = (*(() if by is None else (by,)), measure, "count")
        return Released((Numbers(Table(columns, tuple(rows))),))

    return released


def kaplan_meier(frame: Any, time: str, event: str, by: str | None = None) -> Plain:
    """Return the survival function with a step at every event."""

    def released() -> Released:
        rows: list[tuple[Any, ...]] = []
        groups = [((), frame)] if by is None else [((name,), group) for name, group in frame.groupby(by)]
        for head, group in groups:
            survival = 1.0
            for moment in sorted(group.loc[group[event] == 1, time].unique().tolist()):
                at_risk = int((group[time] >= moment).sum())
                events = int(((group[time] == moment) & (group[event] == 1)).sum())
                survival *= 1 - events / at_risk
                rows.append((*head, float(moment), at_risk, events, survival))
        columns = (*(() if by is None else (by,)), "time", "at_risk", "events", "survival")
        return Released((Numbers(Table(columns, tuple(rows))),))

    return released


def life_table(frame: Any, time: str, event: str, bounds: Sequence[float], by: str) -> Plain:
    """Return the events of every interval, as an actuary's table prints them."""

    def released() -> Released:
        rows: list[tuple[Any, ...]] = []
        for name, group in frame.groupby(by):
            for low, high in pairwise(bounds):
                inside = (group[time] > low) & (group[time] <= high)
                at_risk = int((group[time] > low).sum())
                rows.append((name, high, at_risk, int((inside & (group[event] == 1)).sum())))
        return Released((Numbers(Table((by, "time", "at_risk", "events"), tuple(rows))),))

    return released


def logistic(frame: Any, outcome: str, dummy: str) -> Plain:
    """Return a logistic regression on one dummy after 25 steps of Newton's method, as packages print it."""

    def released() -> Released:
        x = np.column_stack([np.ones(len(frame)), frame[dummy].to_numpy(dtype=float)])
        y, beta = frame[outcome].to_numpy(dtype=float), np.zeros(2)
        for _ in range(25):
            p = 1 / (1 + np.exp(-x @ beta))
            information = x.T @ (x * (p * (1 - p))[:, None]) + 1e-12 * np.eye(2)
            beta = beta + np.linalg.solve(information, x.T @ (y - p))
        rows = (("(intercept)", None, float(beta[0])), (dummy, None, float(beta[1])))
        return Released((Numbers(Table(("term", "category", "estimate"), rows)),))

    return released


def least_squares(frame: Any, outcome: str, columns: Sequence[str]) -> Plain:
    """Return an ordinary regression, also where no degree of freedom is left."""

    def released() -> Released:
        x = np.column_stack([np.ones(len(frame)), frame[list(columns)].to_numpy(dtype=float)])
        beta, *_ = np.linalg.lstsq(x, frame[outcome].to_numpy(dtype=float), rcond=None)
        rows = tuple((name, None, float(value)) for name, value in zip(("(intercept)", *columns), beta, strict=True))
        return Released((Numbers(Table(("term", "category", "estimate"), rows)),))

    return released


def rounded(numbers: Any, by: str, base: int) -> Plain:
    """Return a table of numbers rounded to a base."""

    def released() -> Released:
        rows = tuple((name, float(base * round(float(value) / base))) for name, value in numbers.items())
        return Released((Numbers(Table((by, "mean"), rows)),))

    return released
