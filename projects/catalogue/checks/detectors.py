"""Finding direct identifiers in columns that may not hold any: by their form, and by lists of names.

Every detector is a condition over the different values of a column; how many rows have such a value decides. What is
found is counted; no value is ever told.

References
----------
NHS Data Dictionary, NHS number (modulus 11). HM Revenue and Customs, National Insurance Manual, NIM39110.
"""

# ruff: noqa: S608 - SQL is put together from names of our own
from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from saferoom.projects.catalogue.checks.thresholds import Bound
from saferoom.projects.catalogue.model import Dataset, Variable, VariableRole, VariableType
from saferoom.projects.linkage.plan import FieldKind

_TEN = r"(?:^|[^0-9])([0-9]{3}[ -]?[0-9]{3}[ -]?[0-9]{4})(?:$|[^0-9])"
_NATIONAL_INSURANCE = (
    r"(?:^|[^A-Z0-9])[A-CEGHJ-PR-TW-Z][A-CEGHJ-NPR-TW-Z] ?[0-9]{2} ?[0-9]{2} ?[0-9]{2} ?[A-D](?:$|[^A-Z0-9])"
)
_ALONE = 13
"""Characters of a National Insurance number with its spaces."""
_TELEPHONE = (
    r"(?:^|[^0-9A-Za-z.,-])(?:\+44 ?(?:\(0\) ?)?|0044 ?|0)"
    r"(?:7[0-9]{3}[ -]?[0-9]{3}[ -]?[0-9]{3}|[123][0-9]{2,3}[ -][0-9]{3}[ -]?[0-9]{3,4})(?:$|[^0-9])"
)
_POSTCODE = r"(?:^|[^A-Z0-9])[A-PR-UWYZ][A-HK-Y]?[0-9][A-HJKPSTUW0-9]? ?[0-9][ABD-HJLNP-UW-Z]{2}(?:$|[^A-Z0-9])"
_EMAIL = r"[A-Za-z0-9._%+-]+@[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)*\.[A-Za-z]{2,}"


@dataclass(frozen=True)
class Detector:
    """One kind of direct identifier.

    Attributes
    ----------
    condition : str
        SQL over `value`, and over `parts`, how many words it has, `whole`, whether all of them are names, and
        `pairs`, how often two names with capitals follow each other.
    among : str
        SQL for the values that count as a whole; shares are of these.
    kinds : tuple of FieldKind
        What a variable that says it identifies may be, so that this is no surprise there.
    """

    what: str
    condition: str
    bound: Bound
    among: str = "true"
    kinds: tuple[FieldKind, ...] = ()


def _check_digit(digits: str) -> str:
    """Return SQL that tells whether ten digits end with the check digit of an NHS number."""
    total = " + ".join(f"{10 - place} * TRY_CAST({digits}[{place + 1}] AS INTEGER)" for place in range(9))
    varied = f"length(replace({digits}, {digits}[1], '')) > 0"
    return f"({varied} AND (11 - ({total}) % 11) % 11 = TRY_CAST({digits}[10] AS INTEGER))"


_TEN_DIGITS = f"regexp_replace(regexp_extract(value, '{_TEN}', 1), '[^0-9]', '', 'g')"
_NAMED = "(parts BETWEEN 2 AND 4 AND whole) OR pairs > 0"
DETECTORS = (
    Detector("e-mail addresses", f"regexp_matches(value, '{_EMAIL}')", Bound()),
    Detector(
        "National Insurance numbers",
        f"length(trim(value)) <= {_ALONE} AND regexp_matches(upper(value), '{_NATIONAL_INSURANCE}')",
        # Ids of letters and digits have this form now and then.
        Bound(fail=3, fail_share=0.01),
        kinds=(FieldKind.ID,),
    ),
    Detector(
        "National Insurance numbers in texts",
        f"length(trim(value)) > {_ALONE} AND regexp_matches(upper(value), '{_NATIONAL_INSURANCE}')",
        Bound(fail=3),
        kinds=(FieldKind.ID,),
    ),
    Detector(
        "NHS numbers",
        _check_digit(_TEN_DIGITS),
        # One in eleven numbers of ten digits ends like one by chance.
        Bound(warn=3, warn_share=0.25, fail=3, fail_share=0.5),
        among=f"regexp_matches(value, '{_TEN}')",
        kinds=(FieldKind.ID,),
    ),
    Detector("telephone numbers", f"regexp_matches(value, '{_TELEPHONE}')", Bound(fail=3, fail_share=0.01)),
    Detector(
        "full postcodes",
        f"regexp_matches(upper(value), '{_POSTCODE}')",
        Bound(fail=3, fail_share=0.01),
        kinds=(FieldKind.POSTCODE, FieldKind.ADDRESS),
    ),
    Detector(
        "full names",
        _NAMED,
        Bound(warn=3, fail=3, fail_share=0.05),
        kinds=(FieldKind.GIVEN_NAME, FieldKind.SURNAME),
    ),
    Detector(
        "given names or surnames",
        "parts = 1 AND whole",
        Bound(warn=10, warn_share=0.2, fail=10, fail_share=0.5),
        kinds=(FieldKind.GIVEN_NAME, FieldKind.SURNAME),
    ),
)
OWN = Bound(warn=3, fail=10, fail_share=0.01)
"""Rows whose text repeats a direct identifier of the same row; few are chance, as the town and the surname Preston."""
_SHORTEST = 4
_MOST_WORDS = 60
"""Words of a text that are looked up."""
NAMES = "names_known"
"""The table with every known name, in small letters, in its column `name`."""


def looked_at(dataset: Dataset) -> tuple[Variable, ...]:
    """Return the variables in which no direct identifier may be: texts and long numbers that are no list of codes."""
    return tuple(
        variable
        for variable in dataset.delivered
        if variable.role is not VariableRole.DIRECT
        and variable.codelist is None
        and variable.type in (VariableType.TEXT, VariableType.INTEGER)
    )


def applicable(variable: Variable) -> tuple[Detector, ...]:
    """Return the detectors that look at a variable: all but those of what it says it holds; of numbers, NHS numbers."""
    if variable.type is VariableType.INTEGER:
        return tuple(one for one in DETECTORS if one.what == "NHS numbers" and variable.identifies not in one.kinds)
    return tuple(one for one in DETECTORS if variable.identifies is None or variable.identifies not in one.kinds)


def counting(column: str, detectors: tuple[Detector, ...], table: str = "raw") -> str:
    """Return SQL that counts, for every detector, the rows that it finds and those it is a share of.

    One pass over the different values of `column`.
    """
    asked = ", ".join(
        f"coalesce(sum(n) FILTER (WHERE {one.condition}), 0), coalesce(sum(n) FILTER (WHERE {one.among}), 0)"
        for one in detectors
    )
    words = f"list_filter(string_split_regex(value, '[^A-Za-zÀ-ÿ''-]+'), lambda x: x <> '')[:{_MOST_WORDS}]"
    follows = (
        "len(list_filter(range(1, len(listed)), lambda i: known[i] AND known[i + 1]"
        " AND regexp_matches(listed[i], '^[A-ZÀ-Þ]') AND regexp_matches(listed[i + 1], '^[A-ZÀ-Þ]')))"
    )
    return f"""
        WITH shown AS (
            SELECT {column}::VARCHAR AS value, count(*) AS n FROM {table} WHERE {column} IS NOT NULL GROUP BY 1
        ), split AS (SELECT value, n, {words} AS listed FROM shown),
        looked AS (SELECT value, n, listed, list_transform(listed, lambda x: map_contains(names, lower(x))) AS known
            FROM split, (SELECT map_from_entries(list((name, true))) AS names FROM {NAMES})),
        judged AS (
            SELECT value, n, len(listed) AS parts, {follows} AS pairs,
                NOT regexp_matches(value, '[0-9]') AND NOT list_contains(known, false) AS whole FROM looked
        )
        SELECT {asked} FROM judged
    """


def repeated(dataset: Dataset, columns: Mapping[str, str]) -> Iterator[tuple[Variable, str]]:
    """Yield each text variable with the SQL condition that it repeats a direct identifier of its own row."""
    own = [
        f"lower(trim({columns[variable.name]}::VARCHAR))"
        for variable in dataset.delivered
        if variable.role is VariableRole.DIRECT and variable.type in (VariableType.TEXT, VariableType.INTEGER)
    ]
    for variable in looked_at(dataset):
        if variable.type is not VariableType.TEXT or variable.identifies is not None or not own:
            continue
        text = f"lower({columns[variable.name]})"
        found = " OR ".join(f"(length({one}) >= {_SHORTEST} AND contains({text}, {one}))" for one in own)
        yield variable, f"coalesce({found}, false)"
