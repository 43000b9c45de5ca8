"""The sections of a report that tell what records are still good for."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np

from saferoom.hub.records import plots
from saferoom.hub.records.page import (
    bullets,
    figure,
    number,
    page,
    paragraph,
    section,
    share,
    subheading,
    table,
)

if TYPE_CHECKING:
    from saferoom.disclosure.microdata.utility import ColumnUtility, UtilityReport
    from saferoom.disclosure.microdata.utility.overlap import Overlap
    from saferoom.disclosure.microdata.utility.regressions import Compare

_MOST_PANELS = 12
_MOST_RATIOS = 20
_MOST_TERMS = 40
_KINDS = {
    "number": "numbers",
    "category": "categories",
    "recoded": "categories, grouped",
    "regrouped": "other categories",
}


def utility_page(report: UtilityReport, before: str, after: str) -> str:
    """Return the page of ``saferoom utility``; `before` and `after` are the names of the files."""
    title = f"Utility of {after} beside {before}"
    return page(title, [section("In short", paragraph(report.verdict, "verdict"), facts(report)), *sections(report)])


def facts(report: UtilityReport) -> str:
    """Return the numbers of the whole report."""
    main, pairs = report.propensity.main, report.propensity.pairs
    distances, relations = report.distances, report.relations
    told = relations.document() if relations is not None else {}
    rows = [
        ("records before, after", f"{report.records[0]:,}, {report.records[1]:,}"),
        ("information lost, mean over columns", share(report.lost)),
        ("pMSE ratio by columns (1: chance)", number(main.ratio)),
        ("pMSE ratio by columns and pairs of columns", number(pairs.ratio)),
        ("IL1s, mean distance of numbers", number(None if distances is None else distances.il1s)),
        ("mean difference of correlations", number(told.get("correlation"))),
        ("eigenvalue loss", number(told.get("eigenvalues"))),
        ("eigenvalue loss without far-out records", number(told.get("robust_eigenvalues"))),
    ]
    return table("The whole in numbers", ("measure", "value"), [row for row in rows if row[1] != "-"])


def sections(report: UtilityReport) -> Iterator[str]:
    """Yield the sections about utility."""
    yield section("Columns", _columns(report), *_left_out(report))
    yield section("Distributions", *_distributions(report))
    intervals = list(_intervals(report))
    if intervals:
        yield section("Conclusions", *intervals)
    if report.relations is not None or report.tables:
        yield section("Relations", *_relations(report))
    yield section("What tells the tables apart", *_telling(report))
    yield section("What these numbers do not say", bullets(_LIMITS))


def _columns(report: UtilityReport) -> str:
    rows = []
    for one in report.columns:
        missing = one.variable.missing
        apart = None if one.distance is None else one.distance.total_variation
        overlap = None if one.overlap is None else one.overlap.document()["overlap"]
        rows.append(
            [one.variable.name, _KINDS[one.variable.kind], share(missing[0]), share(missing[1]),
             "-" if one.changed is None else f"{one.changed:,}", share(one.lost), share(apart), share(overlap, 0)]
        )  # fmt: skip
    heads = ("column", "kind", "missing before", "after", "changed", "information lost", "total variation", "overlap")
    return table("Every column before and after", heads, rows, words=(1,))


def _left_out(report: UtilityReport) -> Iterator[str]:
    found = [f"{name} was dropped." for name in report.variables.dropped]
    found += [f"{name} was added." for name in report.variables.added]
    found += [f"{name} is not compared: {why}." for name, why in report.variables.left_out.items()]
    few = [one.variable.name for one in report.columns if not one.told]
    found += [f"Of {name} only a few values changed; more would give these away." for name in few]
    if found:
        yield subheading("Not compared")
        yield bullets(found)


def _distributions(report: UtilityReport) -> Iterator[str]:
    numbers = [one for one in report.columns if one.variable.kind == "number"]
    others = [one for one in report.columns if one.variable.kind != "number" and one.variable.comparable]
    for what, found, draw, said in (
        (
            "numbers",
            numbers,
            plots.densities,
            "Densities between the 1st and the 99th of a hundred parts of the numbers.",
        ),
        (
            "categories",
            others,
            plots.frequencies,
            "Shares of the most frequent categories among the records that tell one.",
        ),
    ):
        shown = sorted(found, key=_most_changed)[:_MOST_PANELS]
        if shown:
            more = (
                f" The {len(shown)} columns of {what} that changed most, of {len(found)}."
                if len(found) > len(shown)
                else ""
            )
            yield figure(draw(shown), said + more)
    if not numbers and not others:
        yield paragraph("No column can be drawn before and after.")


def _most_changed(one: ColumnUtility) -> float:
    return -max(one.lost or 0.0, 0.0 if one.distance is None else one.distance.total_variation)


def _intervals(report: UtilityReport) -> Iterator[str]:
    means = [one for one in report.columns if one.variable.kind == "number" and one.overlap is not None]
    shown = sorted(means, key=_most_changed)[:_MOST_TERMS]
    if shown:
        found = _together([one.overlap for one in shown if one.overlap is not None])
        names = [one.variable.name for one in shown]
        yield subheading("Means")
        yield figure(plots.intervals("Means before and after", names, found), _SAID)
        yield _overlaps("Means", names, found)
    for one in report.regressions:
        yield subheading(one.asked.title)
        yield from _regression(one)


_SAID = "Estimates with their intervals of 95 %, all as distances from the estimate before; beyond 12 they are cut off."


def _regression(one: Compare) -> Iterator[str]:
    found = one.coefficients
    if found is None:
        yield paragraph(f"It is not compared: {one.reason}.")
        return
    names = [name if not category else f"{name}: {category}" for name, category in one.terms]
    kept = slice(0, _MOST_TERMS)
    parts = (found.before[kept], found.after[kept], found.error_before[kept], found.error_after[kept])
    shown = type(found)(*parts)
    yield figure(plots.intervals(f"Coefficients of {one.asked.title}", names[kept], shown), _SAID)
    yield _overlaps(f"Coefficients of {one.asked.title}", names[kept], shown)


def _overlaps(caption: str, names: list[str], found: Overlap) -> str:
    heads = ("estimate of", "before", "after", "overlap of intervals", "standardised difference")
    parts = zip(names, found.before, found.after, found.overlaps, found.differences, strict=True)
    rows = [[name, number(b), number(a), share(o, 0), f"{d:,.3f}"] for name, b, a, o, d in parts]
    return table(caption, heads, rows)


def _together(found: list[Overlap]) -> Overlap:
    first = found[0]
    return type(first)(
        np.concatenate([one.before for one in found]),
        np.concatenate([one.after for one in found]),
        np.concatenate([one.error_before for one in found]),
        np.concatenate([one.error_after for one in found]),
    )


def _relations(report: UtilityReport) -> Iterator[str]:
    if report.relations is not None:
        caption = "Correlation after minus before, of the records that tell both columns; blue is more, orange is less."
        yield figure(plots.correlations(report.relations), caption, key=False)
    if report.tables:
        found = sorted(report.tables.items(), key=lambda one: -one[1].total_variation)[:_MOST_TERMS]
        rows = [[" x ".join(pair), share(one.total_variation), number(one.hellinger)] for pair, one in found]
        yield table("Two-way tables, those that changed most first", ("table", "total variation", "Hellinger"), rows)


def _telling(report: UtilityReport) -> Iterator[str]:
    found = report.propensity
    ratios = [(name, one.ratio) for name, one in found.by_column.items() if one.ratio is not None]
    shown = sorted(ratios, key=lambda one: -one[1])[:_MOST_RATIOS]
    yield paragraph(
        "A logistic regression is asked which of the two tables a record is from. pMSE is how much better it knows "
        "than somebody who guesses; its ratio to chance is about 1 for a table drawn from the original, and 0 for the "
        "same table."
    )
    if shown:
        yield figure(plots.telling_apart(shown), "The ratio when the model sees one column alone.", key=False)
    if found.sampled:
        yield paragraph(
            f"Estimated from {found.seen[0]:,} and {found.seen[1]:,} evenly spaced records of the two tables."
        )
    if found.left_out:
        yield bullets(f"{name} plays no part: {why}." for name, why in found.left_out.items())


_LIMITS = (
    "They tell what is lost on average. A question about few people (a rare illness, a small area) may be lost while "
    "all averages are kept.",
    "Regressions and tables that nobody named were not looked at; name those that matter in the plan.",
    "Standard errors do not know of the protection: who analyses the protected records should widen them where values "
    "were perturbed or drawn anew.",
    "A high utility says nothing about risk.",
)
