"""Changes of the registry as a person reads them before agreeing."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from saferoom.policies.models import ReleaseRoute, RiskAppetite
from saferoom.projects.administration.changes import Change, Difference, Verb

_SIGNS = {Verb.ADDED: "+", Verb.CHANGED: "~", Verb.ENDED: "-"}
_DEFAULTS = {
    f"{name}.{field}": value
    for name, policy in (("risk_appetite", RiskAppetite()), ("release_route", ReleaseRoute()))
    for field, value in policy.model_dump(mode="json").items()
}


def text(changes: Sequence[Change]) -> str:
    """Return one block per record: ``+`` added, ``~`` changed, ``-`` ended."""
    return "\n".join(line for change in changes for line in _block(change))


def summary(changes: Sequence[Change]) -> str:
    """Return how many records are added, changed and ended."""
    counts = {verb: sum(change.verb is verb for change in changes) for verb in Verb}
    return ", ".join(f"{count} {verb.value}" for verb, count in counts.items() if count)


def _block(change: Change) -> Iterator[str]:
    yield f"{_SIGNS[change.verb]} {change.kind} {change.key}" + (" (ended)" if change.verb is Verb.ENDED else "")
    for difference in change.differences:
        if change.verb is not Verb.ADDED:
            yield f"    {difference.field}: {_difference(difference)}"
        elif not _goes_without_saying(change, difference):
            yield f"    {difference.field}: {_words(difference.after)}"


def _goes_without_saying(change: Change, difference: Difference) -> bool:
    """Tell whether a new record's field repeats its key, its default, or the list of its variables."""
    if difference.field.startswith("variable ") or (difference.field == "active" and difference.after is True):
        return True
    if difference.field in ("paused", "sign_off") and difference.after is False:
        return True
    if difference.field in ("username", "name", "slug", "project", "dataset"):
        return difference.after in change.key.split(" for ")
    return difference.field in _DEFAULTS and _DEFAULTS[difference.field] == difference.after


def _difference(difference: Difference) -> str:
    before, after = difference.before, difference.after
    if isinstance(before, list) and isinstance(after, list) and all(isinstance(one, str) for one in before + after):
        added, gone = [one for one in after if one not in before], [one for one in before if one not in after]
        if added or gone:
            return ", ".join([*(f"+ {one}" for one in added), *(f"- {one}" for one in gone)])
    return f"{_words(before)} -> {_words(after)}"


def _words(value: Any) -> str:
    if value is None:
        return "none"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, dict):
        return ", ".join(f"{key} {_words(part)}" for key, part in value.items()) or "none"
    if isinstance(value, list):
        return ", ".join(f"({_words(one)})" if isinstance(one, dict) else _words(one) for one in value) or "none"
    return str(value)
