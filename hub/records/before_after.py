"""What the risk of protected records was and is, as rows of a table, from the document of a plan's result."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

_NONE = "none told"


def risk_rows(document: Mapping[str, Any]) -> Iterator[tuple[str, str, str]]:
    """Yield a measure's name and its value before and after; where no key variable is told any more, that is said."""
    before, after = document["risk"]["before"], document["risk"]["after"]
    for k, count in before["below_k"].items():
        yield f"records below k = {k}", f"{count:,}", "0" if after is None else f"{after['below_k'][k]:,}"
    for name in ("expected_reidentifications", "max_risk", "max_household_risk"):
        if before[name] is not None:
            yield name.replace("_", " "), f"{before[name]:,.4g}", _NONE if after is None else f"{after[name]:,.4g}"
    perturbed = None if after is None else after["perturbed"]
    if perturbed is not None:
        linked = max(perturbed["linked_by_distance"], perturbed["linked_by_rank"])
        yield "perturbed numbers linked to the right record", "", f"{100 * linked:.3g} %"
    yield from sensitive_rows(before, after)


def sensitive_rows(before: Mapping[str, Any], after: Mapping[str, Any] | None) -> Iterator[tuple[str, str, str]]:
    """Yield what is known of sensitive columns by keys alone, before and after."""
    now = {} if after is None else after["sensitive"]
    for name, was in before["sensitive"].items():
        for measure, said in (
            ("distinct", f"fewest different values of {name} among those who share a key"),
            ("disclosed", f"records whose key tells {name}"),
        ):
            yield said, f"{was[measure]:,}", f"{now[name][measure]:,}" if name in now else "-"
