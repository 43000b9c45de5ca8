"""The effective policy in words: each rule, its value, where the value came from, what the rule does."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from saferoom.policies.merge import Layer, Merged, P, strictness
from saferoom.policies.models import ANY_COLUMN


@dataclass(frozen=True)
class Row:
    """One rule."""

    rule: str
    value: str
    origin: str
    meaning: str


@dataclass(frozen=True)
class Explanation:
    """A merged policy for people.

    Attributes
    ----------
    not_taken : tuple of str
        Sentences about values that somebody after the first layer stated and a stricter one overrides.
    """

    kind: str
    rows: tuple[Row, ...]
    not_taken: tuple[str, ...]
    policy: Mapping[str, Any]

    def document(self) -> dict[str, Any]:
        """Return the explanation as JSON."""
        return {
            "kind": self.kind,
            "policy": self.policy,
            "rules": [asdict(row) for row in self.rows],
            "not_taken": list(self.not_taken),
        }


def explain(layers: Sequence[Layer[P]], merged: Merged[P]) -> Explanation:
    """Explain what `strictest` made of `layers`."""
    model = type(merged.policy)
    rows, not_taken = [], []
    for field in strictness(model):
        info = model.model_fields[field]
        value, origin = getattr(merged.policy, field), merged.origins[field]
        rows.append(Row(field, in_words(value), origin, info.description or ""))
        default = info.get_default(call_default_factory=True)
        for layer in layers[1:]:  # the first is the one all others may only tighten
            stated = getattr(layer.policy, field)
            # Defaults that nobody wrote down would only be noise here.
            if stated not in (value, default) and layer.origin not in origin.split(", ") and not _leaves_it(stated):
                not_taken.append(
                    f"{layer.origin} states {field} {in_words(stated)}, which is looser than {in_words(value)} "
                    f"({origin}) and is not taken"
                )
    return Explanation(model.model_fields["kind"].default, tuple(rows), tuple(not_taken), _plain(merged.policy))


def in_words(value: Any) -> str:
    """Write a policy's value as a person would."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:g}"
    if isinstance(value, Mapping):
        return ", ".join(f"{key}: {number}" for key, number in value.items()) or "none"
    if isinstance(value, frozenset):
        return ", ".join(sorted(value)) or "none"
    if isinstance(value, tuple):
        return ", ".join(map(_one_in_words, value)) or "none"
    return str(value)


def _one_in_words(part: Any) -> str:
    if isinstance(part, Mapping):
        return "{" + ", ".join(f"{key}: {value}" for key, value in part.items()) + "}"
    return f"({part.n}, {part.share_fraction:g})"


def _leaves_it(stated: Any) -> bool:
    return isinstance(stated, frozenset) and ANY_COLUMN in stated


def _plain(policy: Any) -> dict[str, Any]:
    document: dict[str, Any] = policy.model_dump(mode="json")
    return {name: sorted(value) if name == "structural" else value for name, value in document.items()}
