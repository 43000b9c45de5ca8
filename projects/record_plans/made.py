"""What is told of a record-level file that was made: to people in sentences and tables, and what of it leaves.

Numbers of the data as they were (risk before, means and spreads) are for output checkers and the data owner. What
leaves says only what holds of the file, which whoever has the file can count.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from saferoom.disclosure.files.model import Grid, Passage
from saferoom.disclosure.files.view import View
from saferoom.errors import UnavailableError

_KINDS = {
    "records": int,
    "columns": list,
    "draws": bool,
    "seed_commitment": str,
    "steps": list,
    "risk": dict,
    "warnings": list,
}
_MOST_CELL = 300
_OF_COLUMNS = {
    "missing_before": "missing before",
    "missing_after": "missing after",
    "changed": "values changed",
    "lost": "information lost",
}
"""What is shown of each column's utility, and how it is called."""
_NOT_UNDERSTOOD = (
    "what was told of a record-level file was not understood; nothing was made and nothing can be released"
)


@dataclass(frozen=True)
class Told:
    """What the process that made the file says of it.

    Attributes
    ----------
    document : mapping
        ``records``, ``columns``, ``perturbed``, ``draws``, ``seed_commitment``, ``steps``, ``risk`` (``before`` and
        ``after``), ``utility`` and ``warnings``.
    rows : sequence of sequences of str or None
        The first rows of the file.
    """

    document: Mapping[str, Any]
    rows: Sequence[Sequence[str | None]]

    @classmethod
    def read(cls, said: Mapping[str, Any]) -> Told:
        """Read what came out of the sandbox; anything else is an `UnavailableError`."""
        try:
            for name, kind in _KINDS.items():
                if not isinstance(said[name], kind):
                    raise TypeError(name)
            rows = tuple(tuple(None if v is None else str(v)[:_MOST_CELL] for v in row) for row in said["rows"])
            told = cls({name: value for name, value in said.items() if name != "rows"}, rows)
            told.view()
        except (KeyError, TypeError, ValueError, AttributeError, IndexError):
            raise UnavailableError(_NOT_UNDERSTOOD) from None
        return told

    def public(self) -> dict[str, Any]:
        """Return what leaves with the file: nothing of the data as they were."""
        told, after = self.document, self.document["risk"]["after"]
        return {
            "records": told["records"],
            "seed_commitment": told["seed_commitment"] if told["draws"] else None,
            "risk": None if after is None else _public(after),
        }

    def sentences(self) -> tuple[str, ...]:
        """Return the risk before and after in words."""
        return tuple(self._sentences())

    def _sentences(self) -> Iterator[str]:
        risk = self.document["risk"]
        before, after = risk["before"], risk["after"]
        yield f"Key variables: {', '.join(before['keys'])}."
        yield f"Before: {_risk(before)}"
        yield "After: no key variable is told any more." if after is None else f"After: {_risk(after)}"
        for name, one in ({} if after is None else after.get("sensitive", {})).items():
            yield _learnt(name, int(one["disclosed"]), int(one["distinct"]))
        linked = _linked(after)
        if linked is not None:
            yield (
                f"Who knows the original numbers would link {100 * linked:.1f} % of the records to the right person by "
                "the perturbed ones."
            )
        yield from map(str, self.document["warnings"])
        if self.document["perturbed"]:
            yield (
                f"Values of {', '.join(self.document['perturbed'])} were replaced by others, so that later statistics "
                "by these are not compared with this file."
            )
        if self.document["draws"]:
            yield "The plan draws random numbers; seed and salt stay here, and the file made again is the same."

    @property
    def verdict(self) -> str:
        """What changed most, in words; empty where nothing was compared."""
        return str(self.document.get("utility", {}).get("verdict", ""))

    def tables(self) -> tuple[Grid, ...]:
        """Return the risk, the steps and what became of the columns."""
        steps = tuple((step["step"], step["method"], step["note"]) for step in self.document["steps"])
        utility = tuple(_utility(self.document.get("utility", {})))
        grids = [Grid("Risk before and after", ("measure", "before", "after"), tuple(self._measures()))]
        grids.append(Grid("What each step did", ("step", "method", "what was done"), steps))
        if utility:
            grids.append(Grid("What became of each column", ("column", *_OF_COLUMNS.values()), utility))
        return tuple(grids)

    def view(self) -> View:
        """Return what pages show: sentences, the risk and the steps as tables, and the first rows of the file."""
        told = self.document
        words = [Passage("Risk in words", "\n".join(self.sentences()))]
        if self.verdict:
            words.append(Passage("Utility in words", self.verdict))
        first = Grid("The first rows of the file", tuple(told["columns"]), tuple(tuple(r) for r in self.rows))
        more = told["records"] - len(self.rows)
        left_out = (f"{more:,} more rows of the file",) if more > 0 else ()
        return View((*self.tables(), first), tuple(words), left_out=left_out)

    def _measures(self) -> Iterator[tuple[str, str, str]]:
        before, after = self.document["risk"]["before"], self.document["risk"]["after"]
        for k in before["below_k"]:
            yield f"records below k = {k}", _number(before["below_k"][k]), _after(after, "below_k", k)
        for name in ("sample_uniques", "expected_reidentifications", "max_risk"):
            yield name.replace("_", " "), _number(before[name]), _after(after, name)


def _public(report: Mapping[str, Any]) -> dict[str, Any]:
    names = ("keys", "basis", "below_k", "expected_reidentifications", "max_risk", "max_household_risk")
    sensitive = {
        name: {"distinct": one["distinct"], "closeness": one["closeness"]} for name, one in report["sensitive"].items()
    }
    return {**{name: report[name] for name in names}, "sensitive": sensitive}


def _risk(report: Mapping[str, Any]) -> str:
    return (
        f"{report['sample_uniques']:,} of {report['records']:,} records are unique; the largest risk of any is "
        f"{report['max_risk']:.4g}, and {report['expected_reidentifications']:,.4g} re-identifications are expected."
    )


def _learnt(name: str, records: int, values: int) -> str:
    """Say whether who finds a person's key learns what is sensitive, although ten share the key."""
    if not records:
        return f"{name}: whoever share a key have {values:,} different values or more."
    return (
        f"{name}: {records:,} records share their key with those of the same value alone; who knows the key learns it."
    )


def _after(report: Mapping[str, Any] | None, *path: str) -> str:
    value: Any = report
    for name in path:
        value = None if value is None else value[name]
    return _number(value)


def _number(value: Any) -> str:
    if value is None:
        return "none told"
    return f"{value:,}" if isinstance(value, int) else f"{value:,.4g}"


def _utility(document: Mapping[str, Any]) -> Iterator[tuple[str, ...]]:
    for column, measures in document.get("columns", {}).items():
        yield column, *(_of_column(name, measures.get(name)) for name in _OF_COLUMNS)


def _of_column(name: str, value: Any) -> str:
    if value is None:
        return "–"
    return _number(value) if name == "changed" else f"{100 * value:.1f} %"


def _linked(after: Mapping[str, Any] | None) -> float | None:
    """Return the larger share of records whose perturbed numbers are linked to the right one."""
    found = None if after is None else after.get("perturbed")
    return None if found is None else max(float(found["linked_by_distance"]), float(found["linked_by_rank"]))
