"""The difference between what is registered and what documents say."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from saferoom.policies.models import PolicyModel


class Verb(StrEnum):
    """What happens to a record."""

    ADDED = "added"
    CHANGED = "changed"
    ENDED = "ended"


@dataclass(frozen=True)
class Difference:
    """One field's value before and after, as JSON; None where there was or will be none."""

    field: str
    before: Any
    after: Any

    def document(self) -> dict[str, Any]:
        """Return the difference as JSON."""
        return {"field": self.field, "before": self.before, "after": self.after}


@dataclass(frozen=True)
class Change:
    """One record that is added, changed or ended."""

    verb: Verb
    kind: str
    key: str
    record: PolicyModel
    differences: tuple[Difference, ...]

    def document(self) -> dict[str, Any]:
        """Return the change as the command line prints it and the audit trail keeps it."""
        return {
            "verb": self.verb.value,
            "kind": self.kind,
            "key": self.key,
            "differences": [difference.document() for difference in self.differences],
        }


def compare(kind: str, key: str, before: PolicyModel | None, after: PolicyModel) -> Change | None:
    """Return what changes from `before` (None when it is new) to `after`; None when nothing does."""
    if before == after:
        return None
    old = dict(_flat(before)) if before is not None else {}
    new = dict(_flat(after))
    fields = list(dict.fromkeys([*new, *old]))
    differences = tuple(
        Difference(field, old.get(field), new.get(field))
        for field in fields
        if old.get(field) != new.get(field) and not (_nothing(old.get(field)) and _nothing(new.get(field)))
    )
    verb = Verb.ADDED if before is None else Verb.ENDED if _ends(differences) else Verb.CHANGED
    return Change(verb, kind, key, after, differences)


def _nothing(value: Any) -> bool:
    return value is None or value in ([], {})


def _ends(differences: Sequence[Difference]) -> bool:
    return any(
        (difference.field == "active" and difference.after is False)
        or (difference.field == "ended_at" and difference.after is not None)
        for difference in differences
    )


def _flat(record: PolicyModel) -> Iterator[tuple[str, Any]]:
    """Yield the record's fields; policies field by field, variables by name, sets in order."""
    for name, value in record.model_dump(mode="json").items():
        yield from _flat_value(name, value, sort=isinstance(getattr(record, name), frozenset))


def _flat_value(name: str, value: Any, *, sort: bool) -> Iterator[tuple[str, Any]]:
    if isinstance(value, Mapping):
        for key, part in value.items():
            if key != "kind":
                yield from _flat_value(f"{name}.{key}", part, sort=key == "structural")
    elif name == "variables" and value and isinstance(value[0], Mapping):
        yield "variables", [variable["name"] for variable in value]
        for variable in value:
            yield f"variable {variable['name']}", {k: v for k, v in variable.items() if k != "name" and v is not None}
    else:
        yield name, sorted(value) if sort else value
