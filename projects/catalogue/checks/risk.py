"""The record-level risk of a version in sentences, for its data owner: what a stranger could tell from the records."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

_BASES = {
    "weights": "how many people of the population share a combination is estimated by the weights",
    "records": "without weights the delivery is taken to be the whole population",
}
_MOST_NAMED = 3


def risk_sentences(risk: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the report that came with a delivery in a few sentences; they hold counts and names of variables."""
    if not risk["measured"]:
        return (f"Not measured: {risk['why']}",)
    return tuple(_sentences(risk))


def _sentences(risk: Mapping[str, Any]) -> Iterator[str]:
    records, uniques = risk["records"], risk["sample_uniques"]
    yield (
        f"{uniques:,} of {records:,} records ({_percent(uniques, records)}) are unique on {', '.join(risk['keys'])}; "
        f"{risk['below_threshold']:,} share their combination with fewer than {risk['threshold'] - 1} others"
    )
    if risk["unit"] is None:
        yield "every row counts by itself, since nothing in the file tells which are about the same unit"
    else:
        yield f"each {risk['unit']} counts once for every combination it has"
    yield (
        f"who knows these of everybody would find {risk['expected_reidentifications']:,.4g} people "
        f"({risk['global_risk_percent']:.3g} %); {_BASES[risk['basis']]}"
    )
    household = risk["household_expected_reidentifications"]
    if household is not None:
        yield f"who finds one member of a household finds all: {household:,.4g} people then"
    shares = sorted(risk["suda"]["contribution_percent"].items(), key=lambda one: -one[1])
    named = [f"{name} ({share:.0f} %)" for name, share in shares[:_MOST_NAMED] if share > 0]
    if named:
        yield f"what makes records special most: {', '.join(named)}"
    for name, found in risk["sensitive"].items():
        if found["disclosed"]:
            yield f"{found['disclosed']:,} records share their combination only with records of the same {name}"
    if risk["keys_left_out"]:
        left = ", ".join(risk["keys_left_out"])
        yield f"looked at together were {len(risk['keys'])} quasi-identifiers; not these: {left}"
    yield from risk["notes"]


def _percent(part: int, whole: int) -> str:
    return f"{100 * part / whole:.1f} %"
