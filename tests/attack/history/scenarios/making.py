"""Short ways to write queries, sequences and scenarios."""

from __future__ import annotations

from typing import Any

from tests.attack.history.model import Document, OverPeople, Scenario, Step
from tests.benchmark.worlds import Data

CLOSE = 0.05
"""An attacker who comes this near somebody's value, as a share of it, has succeeded; half of the p% rule's 10."""


def total(measure: str, *by: str, **rest: Any) -> Document:
    """Return a query for a sum."""
    return {"statistic": "sum", "measure": measure, "by": list(by), **rest}


def mean(measure: str, *by: str, **rest: Any) -> Document:
    """Return a query for a mean."""
    return {"statistic": "mean", "measure": measure, "by": list(by), **rest}


def count(*by: str, **rest: Any) -> Document:
    """Return a query for counts."""
    return {"statistic": "frequency", "by": list(by), **rest}


def model(formula: str, **rest: Any) -> Document:
    """Return a query for a linear model."""
    return {"statistic": "regression", "options": {"formula": formula}, **rest}


def steps(*documents: Document) -> tuple[Step, ...]:
    """Return queries on the first version of the data."""
    return tuple(Step(document) for document in documents)


def sum_about(name: str, kind: str, versions: tuple[Data, ...], work: tuple[Step, ...], attack: OverPeople) -> Scenario:
    """Return a scenario whose target is a sum of values of the last version."""
    frame = versions[-1].frame
    truth = float(frame.loc[frame.iloc[:, 0].isin(attack.target), attack.secret.column].sum())
    return Scenario(name, kind, versions, work, attack, truth, abs(truth) * CLOSE)
