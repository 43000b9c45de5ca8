"""What linking hands on: names of relations, the model, counts of blocking, and what is expected of the links."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

Progress = Callable[[str, float], None]
"""Called with what is being done and which share of it is done, from 0 to 1."""

MODEL_PASS = "model"  # noqa: S105 - a label, no secret
"""What `match_pass` says of pairs that the probabilistic model linked."""


def silent(what: str, share: float) -> None:
    """Take notice of progress and say nothing."""
    _ = what, share


@dataclass(frozen=True)
class BlockingCount:
    """What one blocking rule makes.

    Parameters
    ----------
    rule : str
        The rule in words.
    pairs : int
        Candidate pairs of this rule by itself.
    left_out : int
        Pairs of blocks that were too large, which were not compared.
    used : bool
        Whether the rule is used at all; one that would make too many pairs is not.
    """

    rule: str
    pairs: int
    left_out: int = 0
    used: bool = True


@dataclass(frozen=True)
class Estimates:
    """What is expected of the links by the match probabilities, without knowing the truth.

    Parameters
    ----------
    precision : float or None
        Mean match probability of the links; None where there is no link.
    recall : float or None
        Expected true links over expected true pairs, those that blocking missed included; None where none is expected.
    missed_by_blocking : float
        Expected true pairs that no blocking rule found.
    """

    precision: float | None
    recall: float | None
    missed_by_blocking: float = 0.0


@dataclass(frozen=True)
class Linked:
    """The outcome of linking; relations live in the connection that was given.

    Parameters
    ----------
    pairs : str
        Relation of scored pairs: `source_l, record_id_l, source_r, record_id_r, match_weight, match_probability,
        match_pass, linked`. Only pairs of at least 0.1 % probability and deterministic ones are kept.
    clusters : str
        Relation with each record once: `source, record_id, cluster_id, match_probability, match_weight, match_pass`.
    model : dict
        The version artefact: fields, comparisons with m and u, prior, rules, threshold; plain JSON values, no data.
    counts : mapping
        `records` by source, `candidate_pairs`, `links`, `entities`.
    warnings : tuple of str
        What the reader must know, e.g. that there were too few records to train.
    """

    pairs: str
    clusters: str
    model: dict[str, Any]
    blocking: tuple[BlockingCount, ...]
    estimates: Estimates
    counts: Mapping[str, Any]
    threshold: float
    warnings: tuple[str, ...] = ()
