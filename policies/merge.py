"""Strictest wins: one policy out of those of the platform, the data owners and the project.

The result is never looser than any layer, and does not depend on the order of the layers.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar, cast

from saferoom.errors import BadInputError
from saferoom.policies.models import (
    ANY_COLUMN,
    Combination,
    DominanceRule,
    PolicyModel,
    RiskAppetite,
    Strictness,
)

P = TypeVar("P", bound=PolicyModel)
MERGED_NAME = "effective"


@dataclass(frozen=True)
class Layer(Generic[P]):
    """A policy and who states it, e.g. ``platform`` or ``data owner of htv``."""

    origin: str
    policy: P


@dataclass(frozen=True)
class Merged(Generic[P]):
    """The strictest policy.

    Attributes
    ----------
    origins : mapping of str to str
        Who set each field: the first layer that states the effective value, or every layer with a part in it.
    """

    policy: P
    origins: Mapping[str, str]


def strictest(layers: Sequence[Layer[P]]) -> Merged[P]:
    """Merge `layers` field by field, the strictest value winning.

    Raises
    ------
    BadInputError
        There is no layer: no policy at all is never taken for permission.
    """
    if not layers:
        raise BadInputError("no policy is given, so there is nothing to decide by")
    model = type(layers[0].policy)
    if any(type(layer.policy) is not model for layer in layers):
        raise TypeError("only policies of one kind can be merged")
    values: dict[str, Any] = {"name": _name([layer.policy for layer in layers])}
    origins: dict[str, str] = {}
    for field, how in strictness(model).items():
        stated = [(layer.origin, getattr(layer.policy, field)) for layer in layers]
        if field == "threshold_per_unit":
            stated = _complete(layers, stated)
        if field == "structural_zeros":
            stated = [pair for pair in stated if pair[1] or not _leaves_structure(layers, pair[0])] or stated[:1]
        values[field] = _MERGES[how]([value for _, value in stated])
        origins[field] = _origin(stated, values[field])
    return Merged(model(**values), origins)


def strictness(model: type[PolicyModel]) -> dict[str, Strictness]:
    """Return how each mergeable field of `model` is merged."""
    found = {
        name: mark for name, field in model.model_fields.items() for mark in field.metadata if type(mark) is Strictness
    }
    unmarked = set(model.model_fields) - set(found) - {"kind", "name"}
    if unmarked:
        raise TypeError(f"{model.__name__} does not say how to merge {', '.join(sorted(unmarked))}")
    return found


def _name(policies: Sequence[Any]) -> str:
    names = {str(policy.name) for policy in policies}
    return names.pop() if len(names) == 1 else MERGED_NAME


def _complete(layers: Sequence[Layer[P]], stated: Sequence[tuple[str, Any]]) -> list[tuple[str, Any]]:
    """Add, for each unit somebody names, the general threshold of those who do not name it.

    Without it a low threshold for one unit in one layer would undercut another layer's general one.
    """
    units = {unit for _, thresholds in stated for unit in thresholds}
    general = [cast("RiskAppetite", layer.policy).threshold_units for layer in layers]
    return [
        (origin, {unit: thresholds.get(unit, threshold) for unit in units})
        for (origin, thresholds), threshold in zip(stated, general, strict=True)
    ]


def _origin(stated: Sequence[tuple[str, Any]], merged: Any) -> str:
    """Name the first layer that states `merged`, or else, for each of its parts, the first that states the part."""
    whole = [origin for origin, value in stated if value == merged]
    if whole:
        return whole[0]
    if isinstance(merged, frozenset):  # narrowed by everybody who names columns
        return ", ".join(dict.fromkeys(origin for origin, value in stated if ANY_COLUMN not in value))
    if merged == ():  # combinations that some state and others do not
        return ", ".join(dict.fromkeys(origin for origin, _ in stated))
    parts = [(origin, part) for origin, value in stated for part in _parts(value)]
    firsts = [next(origin for origin, part in parts if part == wanted) for wanted in _parts(merged)]
    return ", ".join(dict.fromkeys(origin for origin, _ in stated if origin in firsts))


def _parts(value: Any) -> list[Any]:
    return list(value.items()) if isinstance(value, dict) else list(value)


def _intersection(values: Sequence[Any]) -> Any:
    if isinstance(values[0], tuple):
        return tuple(zero for zero in values[0] if all(_states(value, zero) for value in values[1:]))
    stated = [value for value in values if ANY_COLUMN not in value]
    return frozenset.intersection(*stated) if stated else frozenset({ANY_COLUMN})


def _leaves_structure(layers: Sequence[Layer[P]], origin: str) -> bool:
    """Say whether a layer leaves to the others what is structural."""
    return all(
        ANY_COLUMN in cast("RiskAppetite", layer.policy).structural for layer in layers if layer.origin == origin
    )


def _states(value: Sequence[Combination], zero: Combination) -> bool:
    # To Python True is 1, which is another category.
    return any(one == zero and all(type(one[key]) is type(zero[key]) for key in zero) for one in value)


def _per_key_larger(values: Sequence[Mapping[str, int]]) -> dict[str, int]:
    keys = sorted({key for value in values for key in value})
    return {key: max(value[key] for value in values if key in value) for key in keys}


def _per_n_smaller_share(values: Sequence[tuple[DominanceRule, ...]]) -> tuple[DominanceRule, ...]:
    shares: dict[int, float] = {}
    for rules in values:
        for rule in rules:
            shares[rule.n] = min(rule.share_fraction, shares.get(rule.n, rule.share_fraction))
    return tuple(DominanceRule(n=n, share_fraction=shares[n]) for n in sorted(shares))


_MERGES: Mapping[Strictness, Callable[[Sequence[Any]], Any]] = {
    Strictness.LARGER: max,
    Strictness.SMALLER: min,
    Strictness.ALL: all,
    Strictness.ANY: any,
    Strictness.UNION: lambda values: frozenset.union(*values),
    Strictness.INTERSECTION: _intersection,
    Strictness.PER_KEY_LARGER: _per_key_larger,
    Strictness.PER_N_SMALLER_SHARE: _per_n_smaller_share,
}
