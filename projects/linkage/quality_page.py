"""A quality pack as a readable page of markdown. What may not be shown is a dash."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from saferoom.projects.linkage.quality_model import (
    CountTable,
    Estimate,
    GroupTable,
    QualityPack,
    SourceQuality,
    State,
)

_NOTHING = "–"


def page(pack: QualityPack) -> str:
    """Return the page."""
    parts = [
        f"# Quality of linkage, version {_text(pack.version)}",
        _headline(pack),
        _sentences(pack),
        *(_source(source) for source in pack.sources),
        _model(pack),
        _rules(pack),
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def _headline(pack: QualityPack) -> str:
    lines = ["| | estimate | 95 % interval | from |", "|---|---|---|---|"]
    for name, found in (("precision", pack.precision), ("recall", pack.recall)):
        lines.append(_row([name, *_cells(found), _NOTHING if found is None else found.basis.value]))
    threshold = "" if pack.threshold is None else f" at match probability {pack.threshold:.4g}"
    review = "" if pack.review is None else f"\n\n{pack.review.pairs:,} pairs were decided in clerical review."
    return "\n".join(lines) + f"\n\nPairs count as links{threshold}.{review}{_agreement(pack)}"


def _agreement(pack: QualityPack) -> str:
    found = pack.agreement
    if found is None:
        return ""
    parts = [("agreement", found.agreed), ("Cohen's kappa", found.kappa), ("Gwet's AC1", found.ac1)]
    told = ", ".join(f"{name} {one.value:.2f} ({one.low:.2f} to {one.high:.2f})" for name, one in parts if one)
    return f"\n\nOf {found.pairs:,} pairs that two reviewers decided: {told}."


def _sentences(pack: QualityPack) -> str:
    if pack.sentences:
        found = "\n".join(f"- {_text(sentence.text)}" for sentence in pack.sentences)
    elif pack.comparisons:
        found = "No group is shown to be lost more than others, beyond what chance explains."
    else:
        found = "No groups could be compared."
    tested = (
        f"{pack.comparisons} differences between groups were tried; those told hold for all of them together at 5 % "
        "(Holm) and are of half a percentage point or more."
    )
    return f"## Who is lost\n\n{found}" + (f"\n\n{tested}" if pack.comparisons else "")


def _source(source: SourceQuality) -> str:
    title = f"## {_text(source.name)}"
    if source.state is State.WITHHELD:
        return f"{title}\n\nThe counts are {_text(source.reason)}."
    rows = [
        _row(
            ["all", _count(source.records), _count(source.linked), _count(source.unlinked), *_cells(source.match_rate)]
        )
    ]
    head = ["", "records", "linked", "not linked", "match rate", "95 % interval"]
    parts = [title, _table(head, rows)]
    parts += [_group(table) for table in source.groups]
    parts += [_counts(table) for table in source.counts]
    return "\n\n".join(parts)


def _group(table: GroupTable) -> str:
    title = f"### {_text(table.column)}"
    if table.state is State.WITHHELD:
        return f"{title}\n\nThe table is {_text(table.reason)}."
    head = ["", "records", "linked", "not linked", "match rate", "95 % interval"]
    head += ["standardised difference", "precision", "recall"]
    rows = [
        _row(
            [
                row.label,
                _count(row.records),
                _count(row.linked),
                _count(row.unlinked),
                *_cells(row.match_rate),
                _NOTHING if row.standardised_difference is None else f"{row.standardised_difference:+.3f}",
                _with_interval(row.precision),
                _with_interval(row.recall),
            ]
        )
        for row in table.rows
    ]
    return f"{title}\n\n{_table(head, rows)}"


def _counts(table: CountTable) -> str:
    title = f"### Linked records by {_text(table.what)}"
    if table.state is State.WITHHELD:
        return f"{title}\n\nThe table is {_text(table.reason)}."
    if not table.rows:
        return ""
    return f"{title}\n\n" + _table(["", "records"], [_row([label, _count(count)]) for label, count in table.rows])


def _model(pack: QualityPack) -> str:
    if not pack.model:
        return ""
    rows = [_row([level.comparison, level.level, _chance(level.m), _chance(level.u)]) for level in pack.model]
    words = "How likely a level is among pairs of the same entity (m), and among all others (u)."
    return f"## The model\n\n{words}\n\n" + _table(["comparison", "level", "m", "u"], rows)


def _rules(pack: QualityPack) -> str:
    rules = pack.rules
    words = (
        f"Counts were checked under the risk appetite {_text(rules.policy)}: a dash stands for fewer than "
        f"{rules.threshold_units} records, or for what would tell them; what lies within {rules.difference_units} "
        "records of an earlier version is withheld."
    )
    return "## How to read this\n\n" + words + "\n\n" + "\n".join(f"- {_text(note)}" for note in pack.notes)


def _table(head: Sequence[str], rows: Iterable[str]) -> str:
    return "\n".join([_row(head), "|" + "---|" * len(head), *rows])


def _row(cells: Iterable[str]) -> str:
    return "| " + " | ".join(_text(cell) for cell in cells) + " |"


def _cells(found: Estimate | None) -> list[str]:
    if found is None:
        return [_NOTHING, _NOTHING]
    return [f"{found.value:.4g}", f"{found.low:.4g} to {found.high:.4g}"]


def _with_interval(found: Estimate | None) -> str:
    return _NOTHING if found is None else f"{found.value:.3f} ({found.low:.3f} to {found.high:.3f})"


def _count(number: int | None) -> str:
    return _NOTHING if number is None else f"{number:,}"


def _chance(value: float | None) -> str:
    return _NOTHING if value is None else f"{value:.4g}"


def _text(words: str) -> str:
    """Return words as markdown shows them: nothing in them is a mark of markdown or HTML."""
    marked = "".join(f"\\{c}" if c in "\\`*_{}[]#|~$" else c for c in words)
    return marked.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace("\n", " ")
