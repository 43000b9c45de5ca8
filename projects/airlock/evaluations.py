"""Keeps what the trusted side judged, and gives it back only unaltered and while it still holds."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from pydantic import ValidationError

from saferoom.audit import Event
from saferoom.digests import canonical, sha256
from saferoom.disclosure.evaluation import Evaluation
from saferoom.errors import BadInputError, ForbiddenError, IntegrityError, SaferoomError, WrongStateError
from saferoom.ids import DatasetName, Digest, EvaluationId, ProjectSlug, Username
from saferoom.policies.models import ReleaseRoute, RiskAppetite
from saferoom.projects.airlock import quotes, routing, seals
from saferoom.projects.airlock.model import DatasetVersion, EvaluationRecord, Route
from saferoom.projects.airlock.naming import datasets_named, versions_named
from saferoom.projects.airlock.parts import Parts
from saferoom.projects.airlock.store import Reading
from saferoom.projects.extracts.coverage import in_force
from saferoom.projects.people.entitlement import may_enter
from saferoom.projects.policies import effective

NO_SNAPSHOT = (
    "a table made in the room cannot be used with differential privacy: how often each person is in it is not known; "
    "name the project's datasets"
)
VALID_FOR = timedelta(days=7)
"""How long after it was judged an evaluation may be part of a new submission."""


@dataclass(frozen=True)
class Judgement:
    """An evaluation with the rules that it was judged by and where each of them came from.

    Attributes
    ----------
    snapshot : Digest or None
        The table from the room that it was computed from; kept, and never released.
    """

    evaluation: Evaluation
    datasets: tuple[DatasetName, ...]
    rules: RiskAppetite
    origins: Mapping[str, str]
    snapshot: Digest | None = None

    def to_bytes(self) -> bytes:
        """Write the judgement for the vault."""
        document = {
            "evaluation": self.evaluation.to_json(),
            "datasets": list(self.datasets),
            "rules": rules_document(self.rules),
            "origins": dict(self.origins),
            "snapshot": self.snapshot,
        }
        return json.dumps(document, sort_keys=True, allow_nan=False, separators=(",", ":")).encode()

    @classmethod
    def from_bytes(cls, data: bytes) -> Judgement:
        """Read what `to_bytes` wrote; anything else is an `IntegrityError`."""
        try:
            document = json.loads(data)
            return cls(
                evaluation=Evaluation.from_json(document["evaluation"]),
                datasets=tuple(DatasetName(name) for name in document["datasets"]),
                rules=RiskAppetite.model_validate_json(json.dumps(document["rules"])),
                origins=document["origins"],
                snapshot=None if document.get("snapshot") is None else Digest(document["snapshot"]),
            )
        except (ValueError, KeyError, TypeError, AttributeError, ValidationError, SaferoomError):
            raise IntegrityError("a stored evaluation cannot be read; nothing is released") from None


def rules_document(rules: RiskAppetite) -> dict[str, Any]:
    """Return `rules` as JSON in one order."""
    document: dict[str, Any] = rules.model_dump(mode="json")
    return {**document, "structural": sorted(rules.structural), "privacy_units": sorted(rules.privacy_units)}


def rules_digest(rules: RiskAppetite) -> Digest:
    """Return the digest by which two sets of rules are compared."""
    return sha256(canonical(rules_document(rules)))


def record(
    parts: Parts, author: Username, project: ProjectSlug, evaluation: Evaluation, snapshot: bytes | None = None
) -> EvaluationRecord:
    """Store `evaluation` for its author and project and say how it would leave.

    Parameters
    ----------
    snapshot : bytes, optional
        The table from the room that it was computed from.
    """
    now = parts.clock.now()
    may_enter(parts.registry, author, project, now).enforce()
    if snapshot is not None and evaluation.privacy is not None:
        raise BadInputError(NO_SNAPSHOT)
    used = _used(parts, project, evaluation, now) if snapshot is None else _live(parts, project, now)
    datasets = versions(parts, project, used, now, versions_named(evaluation.query.document(), used))
    names = [dataset.name for dataset in datasets]
    appetite, route = effective(parts.registry, project, names)
    claimed = None if snapshot is None else parts.vault.put(snapshot)
    judgement = Judgement(evaluation, tuple(names), appetite.policy, appetite.origins, claimed)
    id_ = EvaluationId(parts.ids("evaluation"))
    digest = parts.vault.put(parts.cipher.seal(judgement.to_bytes(), about(id_)))
    with parts.store.transaction() as tx:
        unsealed = EvaluationRecord(
            id=id_,
            author=author,
            project=project,
            title=evaluation.title,
            verdict=evaluation.verdict,
            digest=digest,
            rules=rules_digest(appetite.policy),
            datasets=datasets,
            route=route_of(tx, project, [judged(evaluation)], (route.policy, route.origins), now),
            created_at=now,
            expires_at=now + VALID_FOR,
        )
        found = replace(unsealed, seal=seals.seal_evaluation(unsealed, parts.signing_key))
        tx.add_evaluation(found, Event(author, "evaluation.judged", found.id, seals.evaluation_claims(found)))
    return found


def about(id_: EvaluationId) -> dict[str, str]:
    """Return what a stored judgement is bound to: it discloses, so it is kept encrypted."""
    return {"purpose": "saferoom/judgement/1", "evaluation": id_}


def route_of(
    tx: Reading,
    project: ProjectSlug,
    outputs: Sequence[routing.Judged],
    policy: tuple[ReleaseRoute, Mapping[str, str]],
    now: datetime,
) -> Route:
    """Return how `outputs` would leave together at `now`, under the effective route and its origins."""
    midnight = now.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    used = tx.automatic_outputs(project, midnight)
    return routing.decide(outputs, routing.Circumstances(policy[0], policy[1].get("automatic", ""), used))


def judged(evaluation: Evaluation) -> routing.Judged:
    """Return what the route depends on, of a declared statistic."""
    return routing.Judged(evaluation.verdict, evaluation.automatic_obstacles, quotes.lane_of(evaluation))


def load(parts: Parts, found: EvaluationRecord) -> Judgement:
    """Return the judgement behind `found`.

    Raises
    ------
    IntegrityError
        A byte of it, or of its record, is not what was judged.
    """
    seals.check_evaluation(found, parts.signing_key.verifying_key)
    judgement = opened(parts, found.id, found.digest)
    if judgement.evaluation.verdict is not found.verdict or rules_digest(judgement.rules) != found.rules:
        raise IntegrityError(f"evaluation {found.id} is not the one that was judged; nothing is released")
    return judgement


def opened(parts: Parts, id_: EvaluationId, digest: Digest) -> Judgement:
    """Return the judgement that the vault keeps of the evaluation `id_`."""
    return Judgement.from_bytes(parts.cipher.open(parts.vault.get(digest), about(id_)))


def check_current(parts: Parts, found: EvaluationRecord, now: datetime) -> None:
    """Raise when what was judged no longer holds: it is too old, or data, approval or rules have changed since."""
    if now >= found.expires_at:
        raise WrongStateError(f"the evaluation of '{found.title}' is older than {VALID_FOR.days} days; evaluate again")
    names = [dataset.name for dataset in found.datasets]
    named = {} if found.file is not None else versions_named(_document(parts, found), names)
    if versions(parts, found.project, names, now, named) != found.datasets:
        raise WrongStateError(f"the data behind '{found.title}' were refreshed since it was judged; evaluate again")
    if rules_now(parts, found) != found.rules:
        raise WrongStateError(f"the rules changed since '{found.title}' was judged; evaluate again")


def check_datasets(parts: Parts, found: EvaluationRecord, judgement: Judgement) -> None:
    """Raise when a query would be given other datasets today than its record names, whose budgets are debited.

    What was drawn already is not given anything any more.
    """
    if judgement.snapshot is not None or quotes.is_drawn(judgement.evaluation):
        return
    used = _used(parts, found.project, judgement.evaluation, parts.clock.now())
    if set(used) != {dataset.name for dataset in found.datasets}:
        raise WrongStateError(f"the project's approvals changed since '{found.title}' was judged; evaluate again")


def rules_now(parts: Parts, found: EvaluationRecord) -> Digest:
    """Return the digest of the rules that would be applied to `found` now."""
    appetite, _ = effective(parts.registry, found.project, [dataset.name for dataset in found.datasets])
    return rules_digest(appetite.policy)


def _live(parts: Parts, project: ProjectSlug, now: datetime) -> tuple[DatasetName, ...]:
    return tuple(DatasetName(approval.dataset) for approval in parts.registry.approvals(project) if approval.live(now))


def _used(parts: Parts, project: ProjectSlug, evaluation: Evaluation, now: datetime) -> tuple[DatasetName, ...]:
    live = _live(parts, project, now)
    query = evaluation.query
    if query.from_ is not None and query.from_ not in query.views and query.from_.lower() not in live:
        raise ForbiddenError(f"the project has no approval for {query.from_} that holds today")
    return datasets_named(query.document(), live)


def _document(parts: Parts, found: EvaluationRecord) -> Mapping[str, Any]:
    return opened(parts, found.id, found.digest).evaluation.query.document()


def versions(
    parts: Parts,
    project: ProjectSlug,
    names: Sequence[str],
    now: datetime,
    named: Mapping[DatasetName, str] | None = None,
) -> tuple[DatasetVersion, ...]:
    """Return the present versions of the datasets called `names`; raise unless the project may use them all.

    Parameters
    ----------
    named : mapping of dataset to version, optional
        Versions that the query asks for; the others are the present ones.
    """
    asked = named or {}
    live = {approval.dataset: approval for approval in parts.registry.approvals(project) if approval.live(now)}
    wanted = [DatasetName(name) for name in sorted(set(names))]
    for name in wanted:
        if name not in live:
            raise ForbiddenError(f"the project has no approval for {name} that holds today")
    return tuple(
        DatasetVersion(name, asked.get(name) or in_force(parts.registry, live[name]).version) for name in wanted
    )
