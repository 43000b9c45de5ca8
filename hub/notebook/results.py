"""What an evaluation came to, as the airlock told it; shown in a notebook with the reasons beside the cells."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

from saferoom.disclosure.charts.model import Picture
from saferoom.disclosure.remedies.model import Suggestion, patched
from saferoom.disclosure.verdict import Finding, Risk, Table, Verdict
from saferoom.hub.notebook import markup
from saferoom.hub.notebook.charts import Chart, chart_block
from saferoom.hub.notebook.connection import Connection, encode
from saferoom.hub.notebook.documents import Document, Names, Terms, document, protection
from saferoom.hub.notebook.errors import RoomError
from saferoom.hub.notebook.layout import SYMBOLS, grid, marks
from saferoom.hub.notebook.snapshots import as_parquet, is_frame

if TYPE_CHECKING:
    import pandas as pd

    from saferoom.hub.notebook.submissions import Submission

_SENTENCES = {
    Verdict.PASS: "May leave",
    Verdict.REVIEW: "A person must look before this leaves",
    Verdict.FAIL: "Must not leave as it is",
}


@dataclass(frozen=True)
class Route:
    """What happens on release: whether it leaves by itself, else how many checkers must approve, and why."""

    automatic: bool
    reasons: tuple[str, ...]
    checkers: int

    def sentence(self) -> str:
        """Return what happens on release in one sentence; it ends in a colon when `reasons` belong to it."""
        if self.automatic:
            return "On release: leaves by itself, at once."
        who = "an output checker" if self.checkers == 1 else f"{self.checkers} output checkers"
        return f"On release: waits for {who}, because:" if self.reasons else f"On release: waits for {who}."


class Result:
    """A declared statistic with its verdict, computed on the trusted side.

    Changing this object changes nothing: what leaves is what the airlock computed and stored under `id`.

    Attributes
    ----------
    id : str
        The evaluation's id at the airlock.
    verdict : Verdict
        ``pass``, ``review`` or ``fail``.
    findings : tuple of Finding
        The rules that bite: cells, what an attacker would learn, and the remedy.
    title : str
        The title the airlock gave it, generated from the query.
    query : dict
        The query document that was evaluated.
    suggestions : tuple of Suggestion
        Variants of the query that the airlock has judged better, the cheapest first; see `apply`.
    """

    def __init__(
        self,
        connection: Connection,
        query: Mapping[str, Any],
        answer: Mapping[str, Any],
        snapshot: bytes | None = None,
    ) -> None:
        self._connection = connection
        self._snapshot = snapshot
        self.query: Document = dict(query)
        try:
            self.id = str(answer["id"])
            self.verdict = Verdict(answer["verdict"])
            self.findings = tuple(read_finding(item) for item in answer["findings"])
            self.title = str(answer["title"])
            self.route = read_route(answer["route"])
            self.suggestions = tuple(Suggestion.from_document(item) for item in answer.get("suggestions", ()))
            self._table = _table(answer["table"])
            self._protected = None if answer["protected"] is None else _table(answer["protected"])
            self._labels = None if answer.get("labels") is None else int(answer["labels"])
            self._picture = None if answer.get("picture") is None else Picture.from_json(answer["picture"])
        except (KeyError, TypeError, ValueError, AttributeError):
            raise RoomError("the airlock's answer was not understood; restart the room so that both match") from None

    @property
    def dimensions(self) -> int:
        """How many leading columns of the table, as it is shown, are labels."""
        by = self.query.get("by") or ()
        if self._labels is not None and self.query.get("statistic") != "regression":
            return self._labels
        return 1 if isinstance(by, str) or self.query.get("statistic") == "regression" else len(by)

    @property
    def table(self) -> Table:
        """The table that would leave: protected where protection was asked for and given."""
        return self._table if self._protected is None else self._protected

    def frame(self, *, exact: bool = False) -> pd.DataFrame:
        """Return the table as a pandas frame: one row per cell, the protected numbers where protection was asked.

        Parameters
        ----------
        exact : bool
            Return the numbers before protection instead; they stay in the room.
        """
        import pandas as pd

        table = self._table if exact or self._protected is None else self._protected
        return pd.DataFrame([list(row) for row in table.rows], columns=list(table.columns))

    def chart(self, kind: str | None = None, *, value: str | None = None, log: bool = False) -> Chart:
        """Return the chart of what may leave, drawn on the trusted side.

        Parameters
        ----------
        kind : str
            Ask for a chart of this kind: the query is evaluated again with it, and ``chart().result`` is what can be
            released with the chart. When left out, the chart that the query asked for.
        value : str
            The table's column to draw, where it has several.
        log : bool
            Whether the axis of the numbers is logarithmic.
        """
        if kind is not None:
            asked = {**self.query, "chart": chart_block(kind, value, log=log)}
            return evaluate(asked, self._connection, self._snapshot).chart()
        if self._picture is None:
            raise RoomError(
                "nothing of this may leave, so no chart was drawn; see the findings"
                if self.query.get("chart") is not None
                else "the query asks for no chart; name its kind, for example result.chart('bar')"
            )
        return Chart(self, self._picture)

    def protect(self, method: str | Mapping[str, Any] = "suppress", **parameters: Any) -> Result:
        """Evaluate the same query again with a protection, e.g. ``protect("round", base=5)``."""
        asked = {**self.query, "protect": protection(method, parameters)}
        return evaluate(asked, self._connection, self._snapshot)

    def apply(self, number: int = 1) -> Result:
        """Evaluate the query again as suggestion `number` (1 is the cheapest) changes it."""
        if not 1 <= number <= len(self.suggestions):
            there = f"there are suggestions 1 to {len(self.suggestions)}" if self.suggestions else "there are none"
            raise RoomError(f"there is no suggestion of that number; {there}")
        asked = patched(self.query, self.suggestions[number - 1].patch)
        return evaluate(asked, self._connection, self._snapshot)

    def release(self, *, title: str = "", context: str = "", controls: str = "") -> Submission:
        """Ask for this result's release.

        Parameters
        ----------
        title : str
            What the request is called; the airlock's generated title when left out.
        context : str
            What the numbers are and what they are for; output checkers read it.
        controls : str
            What was done to protect the people behind the numbers.
        """
        from saferoom.hub.notebook.submissions import Wanted, submit

        return submit(self._connection, Wanted([self]), title=title, context=context, controls=controls)

    def _shown(self) -> Table:
        table = self._table if self._protected is None else self._protected
        return _coefficients(table) if self.query.get("statistic") == "regression" else table

    def _on_release(self) -> tuple[str, list[str]]:
        if self.verdict is Verdict.FAIL:
            return "On release: refused, because a finding says that it must not leave.", []
        return self.route.sentence(), [markup.tidy(reason) for reason in self.route.reasons]

    def _repr_html_(self) -> str:
        marked = marks(self.findings)
        parts = [
            markup.banner(self.verdict, _SENTENCES[self.verdict], self.title),
            markup.grid_html(grid(self._shown(), self.dimensions, marked)),
            markup.findings_html(self.findings),
            markup.suggestions_html(self.suggestions),
            markup.because(*self._on_release()),
        ]
        if self._protected is not None:
            exact = markup.grid_html(grid(self._table, self.dimensions, {}))
            parts.append(markup.details("Exact numbers (they stay in the room)", exact))
        return markup.panel(*parts)

    def __repr__(self) -> str:
        lines = [f"{SYMBOLS[self.verdict]} {_SENTENCES[self.verdict]}: {self.title}", ""]
        lines += markup.grid_text(grid(self._shown(), self.dimensions, marks(self.findings)))
        sentence, reasons = self._on_release()
        lines += [
            "",
            *markup.findings_text(self.findings),
            *markup.suggestions_text(self.suggestions),
            sentence,
            *(f"  - {reason}" for reason in reasons),
        ]
        return "\n".join(lines)


def declared(statistic: str, measure: str | None, by: Names | None, terms: Terms) -> Result:
    """Have the airlock compute and judge `statistic`; a frame given as the source goes with it as a snapshot."""
    source = terms.get("source")
    table = as_parquet(cast("pd.DataFrame", source)) if is_frame(source) else None
    return evaluate(document(statistic, measure, by, terms), snapshot=table)


def evaluate(query: Mapping[str, Any], connection: Connection | None = None, snapshot: bytes | None = None) -> Result:
    """Have the airlock compute and judge `query`, over a `snapshot` where one is given, and return the result."""
    connection = connection or Connection.from_environment()
    if snapshot is None:
        answer = connection.post("/api/room/evaluations", {"query": dict(query)})
    else:
        answer = connection.send("/api/room/snapshots", encode({"query": dict(query)}) + b"\n" + snapshot)
    if not isinstance(answer, Mapping):
        raise RoomError("the airlock's answer was not understood; restart the room so that both match")
    return Result(connection, query, answer, snapshot)


def _coefficients(table: Table) -> Table:
    """Return a regression's table with term and category in one column, as they are read."""
    if table.columns[:2] != ("term", "category"):
        return table
    rows = tuple(
        (str(term) if category is None else f"{term}: {category}", *rest) for term, category, *rest in table.rows
    )
    return Table(("term", *table.columns[2:]), rows)


def read_finding(item: Mapping[str, Any]) -> Finding:
    """Return a finding of an answer."""
    return Finding(
        rule=str(item["rule"]),
        risk=Risk(item["risk"]),
        severity=Verdict(item["severity"]),
        cells=tuple(tuple(cell) for cell in item["cells"]),
        message=str(item["message"]),
        remedy=str(item["remedy"]),
    )


def _table(item: Mapping[str, Any]) -> Table:
    rows: Sequence[Sequence[Any]] = item["rows"]
    return Table(tuple(map(str, item["columns"])), tuple(tuple(row) for row in rows))


def read_route(item: Mapping[str, Any]) -> Route:
    """Return the route of an answer."""
    return Route(bool(item["automatic"]), tuple(map(str, item["reasons"])), int(item["checkers"]))
