"""What is stated of a release with differential privacy, so that anybody can tell again what it costs.

A file cannot prove that it is differentially private: only where it came from can. The certificate says where, and
holds everything that the privacy loss follows from: the plan with every scale. No data are needed to check it.

Vocabulary
----------
entry
    What the ledger of privacy budgets says of the charge: debited before the noise was drawn. People are not named.
processing
    What was done to a certified table afterwards, by steps that see nothing but the table and public knowledge
    (`saferoom.disclosure.privacy.postprocessing`); it costs nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from fractions import Fraction
from functools import cache
from importlib.metadata import version
from typing import Any

from saferoom import __version__
from saferoom.digests import canonical, sha256
from saferoom.disclosure.privacy import words
from saferoom.disclosure.privacy.aggregates import Aggregate
from saferoom.disclosure.privacy.noise import aggregate_loss, plan_loss, threshold_loss
from saferoom.disclosure.privacy.plan import PrivacyPlan
from saferoom.disclosure.verdict import Table
from saferoom.ids import Digest

VERSION = 1
CERTIFICATE_TYPE = "application/vnd.saferoom.privacy-certificate+json"
PRIVATE = words.PRIVATE
"""The label of what a certificate may be about."""
NOISE_INFUSED = words.NOISE_INFUSED
"""The label of what never has a certificate."""
LIBRARIES = ("opendp", "duckdb", "numpy")
"""What draws the noise, and what computes the numbers that it is added to."""


@dataclass(frozen=True)
class Source:
    """A dataset that was read."""

    name: str
    version: str


@dataclass(frozen=True)
class Entry:
    """The charge in the ledger.

    Attributes
    ----------
    at : str
        When it was debited.
    plan : Digest
        Of the plan that was charged for.
    rho : int
        What was debited, in billionths; `delta` in 1e-15.
    accounts : tuple of str
        What it was debited to, but for data owners: no person is named.
    link : int
        The number of the audit trail's link that records it, and `digest` that link's digest.
    """

    charge: str
    at: str
    plan: Digest
    rho: int
    delta: int
    accounts: tuple[str, ...]
    link: int
    digest: Digest


@dataclass(frozen=True)
class Processing:
    """What was done to the table that was drawn.

    Attributes
    ----------
    drawn : Table
        What was drawn.
    labels : int
        How many of its first columns are labels.
    steps : tuple of dict
        What was done to it, in this order.
    joined : dict
        The public knowledge that the steps took from the catalogue.
    """

    drawn: Table
    labels: int
    steps: tuple[Mapping[str, Any], ...]
    joined: Mapping[str, Any]


@dataclass(frozen=True)
class Certificate:
    """Everything that is certified of one output.

    Attributes
    ----------
    output : int
        Its place in the release.
    files : mapping of str to Digest
        What leaves, by the suffix of its name.
    table : Digest
        Of the table that the files were written from; see `digest_of`.
    lineages : tuple of str
        The datasets whose people `datasets` are about, which may be linked from others.
    policy : Digest
        Of the rules it was made by.
    software : mapping of str to str
        Versions of what drew it.
    """

    release: str
    project: str
    output: int
    files: Mapping[str, Digest]
    table: Digest
    plan: PrivacyPlan
    datasets: tuple[Source, ...]
    lineages: tuple[str, ...]
    policy: Digest
    entry: Entry
    software: Mapping[str, str]
    processing: Processing | None = None

    def document(self) -> dict[str, Any]:
        """Return the certificate as JSON; see `certificate_reading.read`."""
        made = self.processing
        return {
            "version": VERSION,
            "label": PRIVATE,
            "release": self.release,
            "project": self.project,
            "output": self.output,
            "files": dict(self.files),
            "table": self.table,
            "plan": self.plan.to_json(),
            "plan_digest": self.plan.digest,
            **stated_loss(self.plan),
            "unit": self.plan.unit,
            "datasets": [asdict(one) for one in self.datasets],
            "lineages": list(self.lineages),
            "policy": self.policy,
            "ledger": {**asdict(self.entry), "accounts": list(self.entry.accounts)},
            "software": dict(self.software),
            "processing": None
            if made is None
            else {
                "drawn": made.drawn.document(),
                "labels": made.labels,
                "steps": [dict(one) for one in made.steps],
                "joined": made.joined,
            },
        }

    def summary(self) -> dict[str, Any]:
        """Return what a report says of the certificate."""
        stated = stated_loss(self.plan)["loss"]
        return {
            "output": self.output,
            "label": PRIVATE,
            "measure": stated["measure"],
            "loss": float(Fraction(stated["value"])),
            "delta": float(Fraction(stated["delta"])),
            "unit": self.plan.unit,
            "charge": self.entry.charge,
            "processed": self.processing is not None,
        }

    @property
    def drawn(self) -> Digest:
        """The digest of the table that was drawn."""
        return self.table if self.processing is None else digest_of(self.processing.drawn)


def digest_of(table: Table) -> Digest:
    """Return the digest of a table's canonical JSON."""
    return sha256(canonical(table.document()))


def stated_loss(plan: PrivacyPlan) -> dict[str, Any]:
    """Return what `plan` costs by OpenDP's own maps, altogether and of each aggregate, as exact fractions."""
    loss = plan_loss(plan)
    return {
        "loss": {"measure": plan.measure.value, "value": str(loss.value), "delta": str(loss.delta)},
        "aggregates": [_aggregate(plan, number, one) for number, one in enumerate(plan.aggregates)],
    }


def _aggregate(plan: PrivacyPlan, number: int, one: Aggregate) -> dict[str, Any]:
    delta = Fraction(0)
    if number == 0 and plan.threshold is not None:
        value, delta = threshold_loss(plan.measure, plan.contributions, one.scale, plan.threshold.count)
    else:
        value = aggregate_loss(plan.measure, plan.contributions, one)
    return {"name": one.name, "scale": one.scale, "loss": str(value), "delta": str(delta)}


def software() -> dict[str, str]:
    """Return the versions of what draws noise here."""
    return dict(_versions())


@cache
def _versions() -> tuple[tuple[str, str], ...]:
    # Looking one up reads the names of everything that is installed.
    return (("saferoom", __version__), *((name, version(name)) for name in LIBRARIES))
