"""The risk report of a researcher's own frame: what can be asked of it, and how it is shown."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any, TypedDict, cast

from saferoom.disclosure.microdata.risk.asked import Asked
from saferoom.disclosure.microdata.risk.individual import Method
from saferoom.disclosure.microdata.risk.perturbed import perturbed_risk
from saferoom.disclosure.microdata.risk.report import Population, RiskReport, assess
from saferoom.errors import BadInputError

if TYPE_CHECKING:
    import pandas as pd

Rows = list[tuple[str, ...]]
Table = tuple[tuple[str, ...], Rows]


class MoreOfRisk(TypedDict, total=False):
    """What can be asked beyond key variables and roles, as the options of ``saferoom risk``.

    Attributes
    ----------
    ks : sequence of int
        Further group sizes for which records below are counted.
    subsets : sequence of sequences of str
        Sets of fewer key variables, for which they are counted too.
    population : pandas.DataFrame
        Counts of the population: the key variables, one row per key (with the column `count`) or per person.
    original : pandas.DataFrame
        The frame before its columns `numbers` were perturbed, the same records in the same order.
    """

    ks: Sequence[int]
    subsets: Sequence[Sequence[str]]
    c: float
    alpha: float
    exact: bool
    fraction: float
    largest: int
    model: str
    explain: int
    population: pd.DataFrame
    count: str
    original: pd.DataFrame
    numbers: Sequence[str]


_PLAIN = ("c", "alpha", "fraction", "largest", "model", "explain")
Roles = tuple[tuple[str, ...], str | None, str | None, tuple[str, ...]]


def assessed(frame: pd.DataFrame, roles: Roles, more: MoreOfRisk) -> RiskReport:
    """Return the report of a frame.

    Parameters
    ----------
    roles : tuple
        Key variables, weight, household, sensitive columns.

    Raises
    ------
    BadInputError
        For a name that is none of `MoreOfRisk`, and as ``saferoom risk``.
    """
    given = cast("Mapping[str, Any]", more)
    _check(given)
    plain = {name: given[name] for name in _PLAIN if name in given}
    asked = Asked(
        *roles,
        ks=tuple(given.get("ks", ())),
        subsets=tuple((one,) if isinstance(one, str) else tuple(one) for one in given.get("subsets", ())),
        method=Method.EXACT if given.get("exact") else Method.APPROXIMATE,
        **plain,
    )
    people = None if given.get("population") is None else Population(given["population"], given.get("count"))
    report = assess(frame, asked, people)
    if given.get("original") is None:
        return report
    return replace(report, perturbed=perturbed_risk(given["original"], frame, _listed(given["numbers"]), "numbers"))


def _check(given: Mapping[str, Any]) -> None:
    known = MoreOfRisk.__annotations__
    for name in given:
        if name not in known:
            near = get_close_matches(name, known, n=1)
            hint = f"did you mean {near[0]}?" if near else f"there are {', '.join(known)}"
            raise BadInputError(f"risk: it cannot be asked for '{name}'; {hint}")
    if given.get("count") is not None and given.get("population") is None:
        raise BadInputError("count: it needs population, the frame with that column")
    if (given.get("original") is None) != (not given.get("numbers")):
        raise BadInputError("original and numbers go together: the frame before, and the columns to compare")


def _listed(names: Sequence[str]) -> list[str]:
    return [names] if isinstance(names, str) else list(names)


def tables_of(report: RiskReport) -> tuple[str, tuple[str, ...], tuple[Table, ...]]:
    """Return the title, sentences and tables that a report is shown as."""
    document = report.document()
    title = f"Risk of {document['records']:,} records by {', '.join(document['keys'])}"
    tables: list[Table] = [(("measure", "value"), list(_measures(document)))]
    tables += [one for one in (_special(document), _sensitive(document)) if one[1]]
    said = [f"{one['sentence']} (record {one['record']:,})" for one in document["special_uniques"]]
    return title, tuple(said), tuple(tables)


def _measures(document: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for k, count in document["below_k"].items():
        yield f"records below k = {k}", f"{count:,}"
    for one in document["subsets"]:
        for k, count in one["below_k"].items():
            yield f"on {', '.join(one['keys'])} alone, below k = {k}", f"{count:,}"
    yield "records expected to be re-identified", f"{document['expected_reidentifications']:,.4g}"
    if document["household_expected_reidentifications"] is not None:
        yield "the same, by households", f"{document['household_expected_reidentifications']:,.4g}"
    yield "largest risk of a record", f"{document['max_risk']:.4g}"
    yield "special uniques (SUDA)", f"{document['suda']['records']:,}"
    if (model := document["model"]) is not None:
        yield "population uniques by the model", f"{model['population_uniques']:,.4g} of {model['uniques']:,}"
        yield "right matches by the model", f"{model['expected_matches']:,.4g}"
    if (perturbed := document["perturbed"]) is not None:
        yield "perturbed numbers linked by similarity", f"{100 * perturbed['linked_by_distance']:.1f} %"
        yield "perturbed numbers linked by ranks", f"{100 * perturbed['linked_by_rank']:.1f} %"
        yield "originals near enough to be given away", f"{100 * perturbed['outlying']:.1f} %"


def _special(document: Mapping[str, Any]) -> Table:
    shares = sorted(document["suda"]["contribution_percent"].items(), key=lambda one: -one[1])
    rows: Rows = [(name, f"{share:.1f} %") for name, share in shares] if document["suda"]["records"] else []
    return ("key variable", "contributes to special uniques"), rows


def _sensitive(document: Mapping[str, Any]) -> Table:
    rows: Rows = [
        (name, f"{one['distinct']:,}", f"{one['closeness']:.4g}", f"{one['disclosed']:,}")
        for name, one in document["sensitive"].items()
    ]
    return ("sensitive", "fewest values within a key", "farthest from all (t)", "records whose key tells it"), rows
