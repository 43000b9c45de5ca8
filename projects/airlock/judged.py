"""What the trusted side judged: a declared statistic that it computed, or a file that it opened and screened."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from saferoom.disclosure.verdict import Verdict
from saferoom.ids import DatasetName, Digest, EvaluationId, ProjectSlug, RequestId, Username


@dataclass(frozen=True)
class DatasetVersion:
    """A dataset as it was when it was used."""

    name: DatasetName
    version: str


@dataclass(frozen=True)
class Route:
    """How outputs would leave: by themselves, or through how many output checkers and why.

    Attributes
    ----------
    reasons : tuple of str
        Why a person is needed; empty when `automatic`.
    checkers : int
        Approvals needed; 0 when `automatic`.
    sign_off : tuple of DatasetName
        The datasets whose owners sign after the output checkers; none when `automatic`.
    """

    automatic: bool
    reasons: tuple[str, ...]
    checkers: int
    sign_off: tuple[DatasetName, ...] = ()


@dataclass(frozen=True)
class ByPlan:
    """The data owner's plan that a record-level file was made by.

    Attributes
    ----------
    plan : Digest
        Of the plan itself.
    draws : bool
        Whether it draws random numbers.
    terms : Digest
        Of the rows and variables that the project was approved for.
    known : Digest
        Where the vault keeps who is behind each combination of key variables, sealed.
    """

    dataset: DatasetName
    name: str
    plan: Digest
    draws: bool
    terms: Digest
    known: Digest


@dataclass(frozen=True)
class Left:
    """A record-level file that has left, or is about to."""

    request: RequestId
    project: ProjectSlug
    version: str
    by: ByPlan
    at: datetime


@dataclass(frozen=True)
class UploadedFile:
    """A file from a workspace, as it was screened, or a record-level file that the trusted side made.

    Attributes
    ----------
    name : str
        As its author called it; no path.
    type : str
        What its content is, whatever its name says.
    size : int
        Bytes of `content`; `leaving_size` those of `leaving`.
    content : Digest
        The bytes that were uploaded.
    leaving : Digest
        The bytes that would leave: the same, or a picture drawn anew without anything else in the file.
    suffix : str
        What the name of `leaving` ends with in a bundle.
    by_plan : ByPlan or None
        What a record-level file was made by; None for every file that somebody brought.
    declared : EvaluationId or None
        The declared statistic whose numbers are, one by one, those of the file; None for every other file.
    """

    name: str
    type: str
    size: int
    content: Digest
    leaving: Digest
    leaving_size: int
    suffix: str
    declared: EvaluationId | None = None
    by_plan: ByPlan | None = None


@dataclass(frozen=True)
class EvaluationRecord:
    """A statistic that the trusted side computed, or a file that it opened, and judged; its bytes are in the vault.

    Attributes
    ----------
    title : str
        Generated from the query, none of the researcher's own words; for a file its name.
    digest : Digest
        Where the vault keeps the judgement and the rules it was made by.
    route : Route
        How it would have left alone at that moment; decided again at submission.
    file : UploadedFile or None
        None for a declared statistic.
    """

    id: EvaluationId
    author: Username
    project: ProjectSlug
    title: str
    verdict: Verdict
    digest: Digest
    rules: Digest
    datasets: tuple[DatasetVersion, ...]
    route: Route
    created_at: datetime
    expires_at: datetime
    file: UploadedFile | None = None
    seal: Mapping[str, Any] = field(default_factory=dict, repr=False)
