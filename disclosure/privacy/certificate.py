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
from dataclasses import asdict, dataclass, field
from fractions import Fraction
from importlib.metadata import version
from typing import Any

from saferoom import __version__
from saferoom.digests import canonical, sha256
from saferoom.disclosure.privacy.aggregates import Aggregate
from saferoom.disclosure.privacy.noise import aggregate_loss, plan_loss, threshold_loss
from saferoom.disclosure.privacy.plan import PrivacyPlan
from saferoom.disclosure.verdict import Table
from saferoom.errors import BadInputError, IntegrityError
from saferoom.ids import Digest

VERSION = 1
CERTIFICATE_TYPE = "application/vnd.saferoom.privacy-certificate+json"
PRIVATE = "differentially private"
"""The label of what a certificate may be about."""
NOISE_INFUSED = "noise-infused, not differentially private"
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
    steps : tuple of dict
        What was done to it, in this order.
    joined : dict
        The public knowledge that the steps took from the catalogue.
    """

    drawn: Table
    steps: tuple[Mapping[str, Any], ...]
    joined: Mapping[str, Any] = field(default_factory=dict)


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
        """Return the certificate as JSON; `read` reads it back and checks that it agrees with itself."""
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
            else {"drawn": made.drawn.document(), "steps": [dict(one) for one in made.steps], "joined": made.joined},
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
    return {"saferoom": __version__} | {name: version(name) for name in LIBRARIES}


def read(document: Mapping[str, Any]) -> Certificate:
    """Return the certificate that `document` is; its losses are computed again and nothing in it is unknown.

    Raises
    ------
    IntegrityError
        It is of another form, or does not agree with itself; the sentence says in what.
    """
    if document.get("version") != VERSION or isinstance(document.get("version"), bool):
        raise IntegrityError("the certificate is of a version this program does not know; use a newer one")
    if document.get("label") != PRIVATE:
        raise IntegrityError("the certificate is not one of differential privacy")
    found = _read(document)
    if found.plan.observed:
        raise IntegrityError("the certificate is of noise that is not differentially private; none may be")
    if document["plan_digest"] != found.plan.digest:
        raise IntegrityError("the certificate's plan is not the one that its digest names")
    if document["unit"] != found.plan.unit:
        raise IntegrityError("the certificate names another unit of privacy than its plan protects")
    again = _losses(found.plan)
    if document["aggregates"] != again["aggregates"]:
        raise IntegrityError("the certificate's scales and losses are not those that follow from its plan")
    if document["loss"] != again["loss"]:
        raise IntegrityError("the certificate's privacy loss is not the one that follows from its plan")
    if canonical(found.document()) != canonical(dict(document)):
        raise IntegrityError("the certificate has not exactly the entries of its version")
    return found


def _losses(plan: PrivacyPlan) -> dict[str, Any]:
    try:
        return stated_loss(plan)
    except Exception:
        # OpenDP's own errors, of scales and bounds that it has no map for.
        raise IntegrityError("the certificate's plan is not one that noise can be drawn by") from None


def _read(document: Mapping[str, Any]) -> Certificate:
    try:
        return Certificate(
            release=_text(document["release"]),
            project=_text(document["project"]),
            output=_whole(document["output"]),
            files={_text(suffix): Digest(_text(digest)) for suffix, digest in document["files"].items()},
            table=Digest(_text(document["table"])),
            plan=PrivacyPlan.from_json(document["plan"]),
            datasets=tuple(Source(_text(one["name"]), _text(one["version"])) for one in document["datasets"]),
            lineages=tuple(map(_text, document["lineages"])),
            policy=Digest(_text(document["policy"])),
            entry=_entry(document["ledger"]),
            software={_text(name): _text(version) for name, version in document["software"].items()},
            processing=None if document["processing"] is None else _processing(document["processing"]),
        )
    except (KeyError, TypeError, ValueError, AttributeError, BadInputError):
        raise IntegrityError("the certificate lacks an entry of its version, or has one of another kind") from None


def _entry(document: Mapping[str, Any]) -> Entry:
    return Entry(
        charge=_text(document["charge"]),
        at=_text(document["at"]),
        plan=Digest(_text(document["plan"])),
        rho=_whole(document["rho"]),
        delta=_whole(document["delta"]),
        accounts=tuple(map(_text, document["accounts"])),
        link=_whole(document["link"]),
        digest=Digest(_text(document["digest"])),
    )


def _processing(document: Mapping[str, Any]) -> Processing:
    drawn = document["drawn"]
    return Processing(
        drawn=Table(tuple(map(_text, drawn["columns"])), tuple(tuple(row) for row in drawn["rows"])),
        steps=tuple(dict(one) for one in document["steps"]),
        joined=dict(document["joined"]),
    )


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError("not a text")
    return value


def _whole(value: object) -> int:
    if type(value) is not int:
        raise TypeError("not a whole number")
    return value
