"""The page of ``saferoom risk-utility --report``: plans by the risk that they leave and what they cost."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from saferoom.disclosure.microdata.plans.risk_utility import LOSSES, RISKS
from saferoom.hub.records import risk_plots
from saferoom.hub.records.page import bullets, figure, number, page, paragraph, section, share, table

if TYPE_CHECKING:
    from saferoom.disclosure.microdata.plans.risk_utility import Point, RiskUtilityMap

_OWNER = (
    "For the data owner only: it tells the risks of the records as they are, and of plans that were not chosen. "
    "Nothing is protected yet; saferoom anonymise does that."
)


def map_page(found: RiskUtilityMap, name: str) -> str:
    """Return the whole page; `name` is the file's of the records."""
    return page(f"Plans for {name}", _parts(found), _OWNER)


def _parts(found: RiskUtilityMap) -> Iterator[str]:
    best = [one.name for one in found.points if one.unbeaten]
    yield section(
        "In short",
        paragraph(
            f"{len(found.points)} plans were tried on {found.records:,} records. Unbeaten: {', '.join(best)}.",
            "verdict",
        ),
        paragraph(
            "A plan is beaten when another leaves no more risk and loses no more, and is better in one of the two."
        ),
    )
    caption = "Diamonds are plans that no other beats. Numbers are those of the table below."
    yield section("The map", figure(risk_plots.plans(found), caption, key=False), _table(found))
    said = [f"{one.name}: {one.verdict}" for one in found.points if one.verdict]
    yield section("What changed most", bullets(said))
    failed = [f"{one.name}: {one.reason}" for one in found.points if one.reason]
    if failed:
        yield section("Plans without a result", bullets(failed))


def _table(found: RiskUtilityMap) -> str:
    rows = [[f"{n}. {one.name}", *_cells(one)] for n, one in enumerate(found.points, start=1) if not one.reason]
    before = [share(found.before[name], 3) for name in RISKS]
    rows.append(["the records as they are", *before, *("0" for _ in LOSSES), "-"])
    heads = (
        "plan",
        "re-identified, expected",
        "largest risk",
        "numbers linked",
        "below k = 3",
        "information lost",
        "pMSE ratio",
        "IL1s",
        "unbeaten",
    )
    return table("Risk left and utility lost, by plan", heads, rows, words=(8,))


def _cells(one: Point) -> list[str]:
    risks = [share(one.risks[name], 3) for name in RISKS]
    losses = [share(one.losses["information"]), number(one.losses["propensity"]), number(one.losses["distances"])]
    return [*risks, *losses, "yes" if one.unbeaten else "no"]
