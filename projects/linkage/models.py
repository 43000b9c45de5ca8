"""The model as a document: what links of a version were made with, and what later records are linked with."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from saferoom.errors import BadInputError
from saferoom.projects.linkage.blocking import BlockingRule, Chosen
from saferoom.projects.linkage.comparisons import comparisons
from saferoom.projects.linkage.deciding import Decided
from saferoom.projects.linkage.plan import LinkPlan
from saferoom.projects.linkage.relatives import shared_by_relatives
from saferoom.projects.linkage.training import Trained, settings_of

_VERSION = 1


def model_document(
    plan: LinkPlan, trained: Trained, decided: Decided, chosen: Chosen, passes: tuple[BlockingRule, ...], missed: float
) -> dict[str, Any]:
    """Return the model as plain values; there is no value of a record in it."""
    levels = [
        {"field": c.field, "kind": c.kind.value, "comparison": c.name, "level": level, "m": m, "u": u}
        for c in comparisons(plan)
        for level, (m, u) in trained.values[c.name].items()
    ]
    return {
        "version": _VERSION,
        "fields": {column: kind.value for column, kind in plan.fields.items()},
        "link_type": plan.link_type.value,
        "one_to_one": plan.one_to_one,
        "many_to_one": plan.many_to_one,
        "prior": decided.prior,
        "relatives": dict(decided.relatives),
        "moving": {str(pattern): bits for pattern, bits in decided.moving.items()},
        "threshold": decided.threshold,
        "trained": trained.trained,
        "term_frequencies": trained.frequencies,
        "levels": levels,
        "passes": [rule.document() for rule in passes],
        "blocking": [rule.document() for rule in chosen.rules],
        "missed_by_blocking": missed,
        "splink": settings_of(plan, trained),
    }


def trained_of(model: Mapping[str, Any], plan: LinkPlan) -> Trained:
    """Return the probabilities of a model that was saved.

    Raises
    ------
    BadInputError
        The model is of other fields or of another version.
    """
    fields = {column: kind.value for column, kind in plan.fields.items()}
    if model.get("version") != _VERSION or model.get("fields") != fields:
        raise BadInputError("the model was made for other fields or by another version; link again without it")
    values: dict[str, dict[str, tuple[float, float]]] = {}
    for level in model["levels"]:
        values.setdefault(level["comparison"], {})[level["level"]] = (float(level["m"]), float(level["u"]))
    for comparison in comparisons(plan):
        if set(values.get(comparison.name, ())) != {level.label for level in comparison.levels}:
            raise BadInputError("the model lacks levels that fields are compared by; link again without it")
    relatives = {kind: float(share) for kind, share in model["relatives"].items()}
    if set(relatives) != set(shared_by_relatives(plan)):
        raise BadInputError("the model lacks kinds of relatives that these fields have; link again without it")
    frequencies, trained = bool(model["term_frequencies"]), bool(model["trained"])
    moving = {int(pattern): float(bits) for pattern, bits in model["moving"].items()}
    return Trained(values, float(model["prior"]), frequencies, trained, relatives=relatives, moving=moving)
