"""What a check returns: the verdict, why, what would leave, and the evidence (which stays on the trusted side)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from saferoom.disclosure.charts.model import Picture
from saferoom.disclosure.history.contributors import Contributors
from saferoom.disclosure.queries.model import Query, parse_query
from saferoom.disclosure.remedies.model import Suggestion
from saferoom.disclosure.verdict import Finding, Risk, Table, Verdict
from saferoom.errors import BadInputError, IntegrityError


@dataclass(frozen=True)
class Evaluation:
    """A judged query.

    Attributes
    ----------
    table : Table
        The exact numbers; may be shown in the room, never released as such.
    protected : Table or None
        The protected numbers where `protect` asks for protection and it could be given.
    outgoing : Table or None
        What would leave, under names no researcher chose; None when nothing may leave.
    title : str
        Generated from the query; holds no text that a researcher chose but literals of expressions.
    canonical : dict
        The query with generated names, for the release record.
    automatic_obstacles : tuple of str
        Every reason why it may not leave without a person, beside the verdict; empty when there is none.
    evidence : dict
        Counts and shares per cell; disclosive, for the trusted side only. Under ``audit``, where cells are hidden in a
        table with margins, what anybody can tell of each (`saferoom.disclosure.tables.report.report`); under
        ``combinations``, what earlier releases give away together with it (`Combination.document`).
    contributors : Contributors
        The statistical units behind every cell; disclosive, for the trusted side only.
    suggestions : tuple of Suggestion
        Variants that were evaluated and are given a better verdict, best first; for the researcher, never released.
    label_columns : int or None
        How many of the tables' first columns are labels and no numbers; None where that is not known.
    chosen : mapping or None
        Where the query left the choice of protection: the ``method`` (empty where nothing may leave), ``why``, and
        what was ``tried`` (``method``, ``verdict``, ``loss``, ``words``, ``why``); `query` is the one that was chosen.
    privacy : mapping or None
        Of a query with differential privacy: what its release costs and how exact it is, and, once the noise was drawn,
        what it was drawn by; see `saferoom.disclosure.privacy.quoting.quote_of`.
    picture : Picture or None
        The chart that was asked for, drawn from `outgoing`; None when none was, or when nothing may leave.
    """

    query: Query
    verdict: Verdict
    findings: tuple[Finding, ...]
    table: Table
    protected: Table | None
    outgoing: Table | None
    title: str
    automatic_obstacles: tuple[str, ...]
    canonical: Mapping[str, Any] = field(default_factory=dict)
    evidence: Mapping[str, Any] = field(default_factory=dict)
    contributors: Contributors = field(default_factory=Contributors.none)
    suggestions: tuple[Suggestion, ...] = ()
    picture: Picture | None = None
    label_columns: int | None = None
    chosen: Mapping[str, Any] | None = None
    privacy: Mapping[str, Any] | None = None

    def document(self) -> dict[str, Any]:
        """Return the verdict document of the command line's contract.

        Suggestions are in it only where there are any, `chosen` only where the query left the choice, and `privacy`
        only of queries with differential privacy.
        """
        suggestions = {"suggestions": [item.document() for item in self.suggestions]} if self.suggestions else {}
        chosen = {} if self.chosen is None else {"chosen": dict(self.chosen)}
        privacy = {} if self.privacy is None else {"privacy": dict(self.privacy)}
        return {
            "verdict": self.verdict.value,
            "findings": [finding.document() for finding in self.findings],
            "table": self.table.document(),
            "protected": self.protected.document() if self.protected else None,
            **suggestions,
            **chosen,
            **privacy,
        }

    def to_json(self) -> dict[str, Any]:
        """Return everything, JSON-ready, for the evaluator's pipe and the vault."""
        return {
            **self.document(),
            "query": self.query.document(),
            "outgoing": self.outgoing.document() if self.outgoing else None,
            "title": self.title,
            "automatic_obstacles": list(self.automatic_obstacles),
            "canonical": dict(self.canonical),
            "evidence": dict(self.evidence),
            "contributors": self.contributors.to_json(),
            "label_columns": self.label_columns,
            "picture": None if self.picture is None else self.picture.to_json(),
        }

    @classmethod
    def from_json(cls, document: Mapping[str, Any]) -> Evaluation:
        """Read what `to_json` wrote.

        Raises
        ------
        IntegrityError
            When a key is missing or has another form than `to_json` writes.
        """
        try:
            return cls(
                query=parse_query(document["query"]),
                verdict=Verdict(document["verdict"]),
                findings=tuple(_finding(item) for item in document["findings"]),
                table=_table(document["table"]),
                protected=_table(document["protected"]) if document["protected"] else None,
                outgoing=_table(document["outgoing"]) if document["outgoing"] else None,
                title=str(document["title"]),
                automatic_obstacles=tuple(str(text) for text in document["automatic_obstacles"]),
                canonical=dict(document["canonical"]),
                evidence=dict(document["evidence"]),
                contributors=Contributors.from_json(document["contributors"]),
                suggestions=tuple(Suggestion.from_document(item) for item in document.get("suggestions", ())),
                label_columns=document.get("label_columns"),
                chosen=dict(document["chosen"]) if document.get("chosen") else None,
                privacy=dict(document["privacy"]) if document.get("privacy") else None,
                picture=Picture.from_json(document["picture"]) if document.get("picture") else None,
            )
        except (KeyError, TypeError, ValueError, AttributeError, BadInputError):
            raise IntegrityError("a stored evaluation is damaged; evaluate the query again") from None


def _finding(document: Mapping[str, Any]) -> Finding:
    return Finding(
        rule=document["rule"],
        risk=Risk(document["risk"]),
        severity=Verdict(document["severity"]),
        cells=tuple(tuple(cell) for cell in document["cells"]),
        message=document["message"],
        remedy=document["remedy"],
    )


def _table(document: Mapping[str, Any]) -> Table:
    return Table(tuple(document["columns"]), tuple(tuple(row) for row in document["rows"]))
