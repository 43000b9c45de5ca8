"""A suggestion: a change of the query, the verdict it was given, and what it costs.

Vocabulary
----------
patch
    Keys of the query document with the values they get; a key whose value is None is taken out of the document.
loss
    The share of a table's detail that is lost, between 0 and 1; see `saferoom.disclosure.remedies.cost`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from saferoom.disclosure.verdict import Verdict


@dataclass(frozen=True)
class Suggestion:
    """A variant of a query that was evaluated by the same engine, under the same policy, beside the same history.

    Attributes
    ----------
    patch : mapping
        What to change in the query document.
    verdict : Verdict
        What the variant was given.
    loss : float
        Share of the table's detail that it loses.
    words : str
        What it does, without any value of the data.
    names_categories : bool
        The patch repeats categories of the data, which the researcher may see and a record may not.
    """

    patch: Mapping[str, Any]
    verdict: Verdict
    loss: float
    words: str
    names_categories: bool = False

    @property
    def cost(self) -> str:
        """The loss in words."""
        if self.loss < 0.0005:
            return "nothing of the table's detail is lost"
        return f"{percent(self.loss)} of the table's detail is lost"

    @property
    def sentence(self) -> str:
        """What the variant does, what it is given and what it costs."""
        return f"{self.words}: {_GIVES[self.verdict]}; {self.cost}"

    def lines(self) -> str:
        """Return the patch as YAML lines to paste into a query."""
        from saferoom.policies.document import written

        return written(_plain(self.patch), width=10_000).rstrip()

    def block(self) -> str:
        """Return the patch in one line, for a sentence."""
        parts = (f"{key}: {_flow(value)}" for key, value in self.patch.items())
        return ", ".join(parts)

    def document(self) -> dict[str, Any]:
        """Return the suggestion as JSON."""
        return {
            "patch": _plain(self.patch),
            "verdict": self.verdict.value,
            "loss": round(self.loss, 6),
            "words": self.words,
            "cost": self.cost,
            "names_categories": self.names_categories,
        }

    @classmethod
    def from_document(cls, document: Mapping[str, Any]) -> Suggestion:
        """Read what `document` wrote; `KeyError`, `TypeError` or `ValueError` when it is something else."""
        return cls(
            patch=dict(document["patch"]),
            verdict=Verdict(document["verdict"]),
            loss=float(document["loss"]),
            words=str(document["words"]),
            names_categories=bool(document["names_categories"]),
        )


def patched(document: Mapping[str, Any], patch: Mapping[str, Any]) -> dict[str, Any]:
    """Return a query document with `patch` applied.

    >>> patched({"statistic": "frequency", "margins": True}, {"margins": None, "by": ["sex"]})
    {'statistic': 'frequency', 'by': ['sex']}
    """
    merged = {**document, **patch}
    return {key: value for key, value in merged.items() if value is not None}


def percent(share: float) -> str:
    """Return a share in whole per cent, coarse enough to give no count away.

    >>> percent(0.004), percent(0.126), percent(1.0)
    ('less than 1 %', '13 %', '100 %')
    """
    return "less than 1 %" if share < 0.01 else f"{share:.0%}".replace("%", " %")


_GIVES = {Verdict.PASS: "passes", Verdict.REVIEW: "goes to a person", Verdict.FAIL: "fails"}


def _plain(patch: Mapping[str, Any]) -> dict[str, Any]:
    return {key: list(value) if isinstance(value, tuple) else value for key, value in patch.items()}


def _flow(value: Any) -> str:
    from saferoom.policies.document import written

    plain = list(value) if isinstance(value, tuple) else value
    text = written(plain, default_flow_style=True, width=10_000)
    return text.removesuffix("\n").removesuffix("\n...")
