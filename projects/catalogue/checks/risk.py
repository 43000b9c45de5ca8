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
    counted = "rows" if risk["unit"] is None else f"of {risk['unit']}, one for each combination they have"
    yield (
        f"{uniques:,} of {records:,} records ({_percent(uniques, records)}; {counted}) are unique on "
        f"{', '.join(risk['keys'])}; {risk['below_threshold']:,} share their combination with fewer than "
        f"{risk['threshold'] - 1} others"
    )
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
