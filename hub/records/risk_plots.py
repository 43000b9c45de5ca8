"""Plots of risk before and after protection, and of plans by risk and loss."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np

from saferoom.disclosure.microdata.plans.risk_utility import LOSSES, RISKS
from saferoom.hub.records.drawing import AFTER, BEFORE, INK, drawn, quiet

if TYPE_CHECKING:
    from saferoom.disclosure.microdata.plans.risk_utility import RiskUtilityMap
    from saferoom.disclosure.microdata.risk.report import RiskReport

_RISKS = (0.0, 1e-4, 3e-4, 1e-3, 3e-3, 1e-2, 3e-2, 0.1, 0.3, 1.0)
_SIZES = (1, 2, 3, 4, 5, 10, 20, 50, 100)


def risks(before: RiskReport, after: RiskReport | None) -> str:
    """Return how many records have which risk, and how many share their key with how many others."""

    def draw(panels: list[Any]) -> None:
        sides = [(before, BEFORE, 0.2)] + ([] if after is None else [(after, AFTER, -0.2)])
        for report, colour, shift in sides:
            counts = report.frequencies.patterns.counts
            place = np.clip(np.searchsorted(_RISKS, report.risks, side="left"), 1, len(_RISKS) - 1) - 1
            _share_bars(panels[0], np.bincount(place, counts, len(_RISKS) - 1), colour, -shift)
            place = np.searchsorted(_SIZES, report.frequencies.sample, side="right") - 1
            _share_bars(panels[1], np.bincount(np.maximum(place, 0), counts, len(_SIZES)), colour, -shift)
        names = [f"≤ {100 * one:g} %" for one in _RISKS[1:]]
        panels[0].set_xticks(range(len(names)), names, rotation=40, ha="right")
        ends = [*(f"{a}" if b == a + 1 else f"{a}-{b - 1}" for a, b in pairwise(_SIZES)), "100+"]
        panels[1].set_xticks(range(len(ends)), ends, rotation=40, ha="right")
        for panel, title in zip(
            panels, ("risk of a record, % of records", "records of one key, % of records"), strict=True
        ):
            quiet(panel, title)
            panel.grid(visible=False, axis="x")

    said = f"The largest risk was {before.risks.max():.3g}"
    said += "." if after is None else f" and is {after.risks.max():.3g}."
    return drawn((1, 2), draw, "Risk before and after", said, row=2.7)


def _share_bars(panel: Any, counted: Any, colour: str, shift: float) -> None:
    panel.bar(np.arange(len(counted)) + shift, 100 * counted / max(counted.sum(), 1), 0.4, color=colour)


def plans(found: RiskUtilityMap) -> str:
    """Return the map: every plan by the risk that it leaves and what it costs."""
    percent = 100 if found.loss == "information" else 1

    def draw(panels: list[Any]) -> None:
        panel = panels[0]
        for number, one in enumerate(found.points, start=1):
            risk, loss = one.risks.get(found.risk), one.losses.get(found.loss)
            if risk is None or loss is None:
                continue
            colour, sign = (AFTER, "D") if one.unbeaten else (BEFORE, "o")
            panel.plot([100 * risk], [percent * loss], sign, color=colour, markersize=7)
            panel.annotate(
                str(number), (100 * risk, percent * loss), xytext=(6, 4), textcoords="offset points", fontsize=8.5
            )
        front = sorted(
            (100 * (p.risks[found.risk] or 0.0), percent * (p.losses[found.loss] or 0.0))
            for p in found.points
            if p.unbeaten
        )
        panel.plot([x for x, _y in front], [y for _x, y in front], color=AFTER, linewidth=1, linestyle="--")
        panel.set_xlabel(f"{RISKS[found.risk]}, %")
        panel.set_ylabel(LOSSES[found.loss] + (", %" if percent > 1 else ""), color=INK)
        panel.margins(0.12)
        quiet(panel, "nearer to the lower left is better")

    names = "; ".join(f"{n} is {one.name}" for n, one in enumerate(found.points, start=1) if not one.reason)
    return drawn((1, 1), draw, "Plans by risk and loss", f"The numbers stand for plans: {names}.", row=4.2)
