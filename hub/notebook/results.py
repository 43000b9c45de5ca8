"""What an evaluation came to, as the airlock told it; shown in a notebook with the reasons beside the cells."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from saferoom.disclosure.charts.model import Picture
from saferoom.disclosure.privacy.words import read_privacy
from saferoom.disclosure.remedies.model import Suggestion, patched
from saferoom.disclosure.verdict import Table, Verdict
from saferoom.hub.notebook import showing
from saferoom.hub.notebook.charts import Chart, chart_block
from saferoom.hub.notebook.connection import Connection
from saferoom.hub.notebook.errors import RoomError
from saferoom.hub.notebook.protections import Document, protection, read_blanks, read_choice
from saferoom.hub.notebook.reading import read_finding, read_route, read_table

if TYPE_CHECKING:
    import pandas as pd

    from saferoom.hub.notebook.submissions import Submission


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
    choice : Choice or None
        Which protection ``protect("auto")`` came to, why, and what was tried.
    privacy : Privacy or None
        Of a query with differential privacy, what it costs, how exact it is, and whether it was drawn.
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
            self.choice = read_choice(answer.get("chosen"))
            self._table = read_table(answer["table"])
            self._protected = None if answer["protected"] is None else read_table(answer["protected"])
            self.blanks = read_blanks(answer.get("blanks"))
            self.privacy = read_privacy(answer.get("privacy"), answer.get("budget"))
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

    @property
    def exact(self) -> Table:
        """The table before protection; of a query with differential privacy, its quote or what was drawn."""
        return self._table

    @property
    def is_protected(self) -> bool:
        """Whether the table that would leave is another one than the exact one."""
        return self._protected is not None

    def frame(self, *, exact: bool = False) -> pd.DataFrame:
        """Return the table as a pandas frame: one row per cell, the protected numbers where protection was asked.

        Parameters
        ----------
        exact : bool
            Return the numbers before protection instead; they stay in the room.
        """
        import pandas as pd

        table = self._table if exact else self.table
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
        if self.privacy is not None and self.privacy.asks:
            raise RoomError(
                'there are no numbers to draw yet: ask for the chart with the quote, as chart="bar"; after the release '
                "request.results[0].chart() has it"
            )
        if kind is not None and self.privacy is not None and self.privacy.drawn and self.id:
            # Drawn numbers are drawn once: what is asked for is a picture of these.
            return self.postprocess([{"chart": chart_block(kind, value, log=log)}]).chart()
        if kind is not None:
            asked = {**self.query, "chart": chart_block(kind, value, log=log)}
            return self._asked(asked).chart()
        if self._picture is None:
            raise RoomError(
                "nothing of this may leave, so no chart was drawn; see the findings"
                if self.query.get("chart") is not None
                else "the query asks for no chart; name its kind, for example result.chart('bar')"
            )
        return Chart(self, self._picture)

    def protect(self, method: str | Mapping[str, Any] = "auto", **parameters: Any) -> Result:
        """Evaluate the same query again with a protection.

        Parameters
        ----------
        method : str or mapping
            ``auto``: the cheapest of the others with which the table may leave; `choice` says which, why, and what was
            tried. ``suppress``: cells at risk are left blank, and as many others as keep them from being worked out.
            ``round``: every count becomes a multiple of `base`. ``controlled_rounding``: the same, and still adding up.
            ``random_rounding``: up or down by chance. ``cell_key``: noise that is the same wherever the same people
            are counted. ``significant``: sums and means keep their first `digits`. ``dp``: differential privacy, with
            the parameters of `saferoom.dp`. Or a whole ``protect`` block.
        **parameters
            ``base``; ``D``, ``V``, ``js`` and ``pstay`` of ``cell_key``; ``digits``. The policy's when left out.

        Examples
        --------
        ``table.protect()`` takes the cheapest that passes; ``table.protect("suppress")`` leaves cells blank, with
        margins too; ``table.protect("round", base=5)``, ``table.protect("controlled_rounding", base=10)``,
        ``table.protect("cell_key")`` and ``totals.protect("significant", digits=3)`` change numbers. What comes of it
        is a result of its own: ``protected.frame()`` is what would leave, ``protected.frame(exact=True)`` what was
        there before.
        """
        asked = {**self.query, "protect": protection(method, parameters)}
        return self._asked(asked)

    def trial(self) -> Result:
        """Try a query with differential privacy on a synthetic twin: made-up data of the dataset's shape, for free."""
        from saferoom.hub.notebook import asking

        return asking.trial(self.query, self._connection)

    def postprocess(self, steps: Sequence[Mapping[str, Any]]) -> Result:
        """Have released numbers with differential privacy processed: it costs nothing, and the result leaves by itself.

        Parameters
        ----------
        steps : sequence of mappings with one key each
            ``round``: to multiples of 1, 2 or 5 times a power of ten. ``clip``: ``least``, ``most``. ``drop``: columns
            of numbers. ``rows``: codes to keep, by dimension. ``totals``: dimensions to add counts and sums up over.
            ``join``: dimensions to put their groups beside, ``figures``: their public figures, both from the
            catalogue. ``rename``: ``"catalogue"``, dimensions as the catalogue calls them.
            ``chart``: as queries ask for one; the last step.

        Examples
        --------
        ``result.postprocess([{"clip": {"least": 0}}, {"round": 10}, {"chart": {"kind": "bar"}}])`` returns a result of
        its own; ``.release(...)`` on it lets it leave with the certificate of the numbers it was made from.
        """
        if not self.id:
            raise RoomError("a trial is about made-up data and never leaves; process what was released")
        from saferoom.hub.notebook import asking

        answer = self._connection.post(f"/api/room/evaluations/{self.id}/processed", {"steps": list(steps)})
        return asking.read(self._connection, answer)

    def apply(self, number: int = 1) -> Result:
        """Evaluate the query again as suggestion `number` (1 is the cheapest) changes it."""
        if not 1 <= number <= len(self.suggestions):
            there = f"there are suggestions 1 to {len(self.suggestions)}" if self.suggestions else "there are none"
            raise RoomError(f"there is no suggestion of that number; {there}")
        asked = patched(self.query, self.suggestions[number - 1].patch)
        return self._asked(asked)

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

        if not self.id:
            raise RoomError("a trial is about made-up data and never leaves; release the quote that it was made from")
        return submit(self._connection, Wanted([self]), title=title, context=context, controls=controls)

    def _asked(self, query: Mapping[str, Any]) -> Result:
        from saferoom.hub.notebook import asking

        return asking.evaluate(query, self._connection, self._snapshot)

    def _repr_html_(self) -> str:
        return showing.html(self)

    def __repr__(self) -> str:
        return showing.text(self)
