"""How a researcher in a room has the measures over an extract: as a view, as a declared statistic, or derived alone.

A view is a SELECT in the language of query documents. It computes what the step of its name computes, and where it can
keeps every column of its first input, above all the ids of units, so that the trusted side can count whom a statistic
is about. Two things are otherwise than in a step. Measures of households have a row for each member: people who are put
together in one row could not be counted. And a view refuses nothing: a key that is there twice repeats rows, where a
step says so. Sums are of binary fractions, equal to a step's to about fifteen digits.
"""

# ruff: noqa: S608 - texts for the checked language of views, made of this module's own words and of checked settings
from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date

from saferoom.errors import BadInputError
from saferoom.projects.measures.checking import settled
from saferoom.projects.measures.incomes import SCALES
from saferoom.projects.measures.model import Settings, Step, Value

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,62}")


@dataclass(frozen=True)
class InRoom:
    """How a measure is had in a room.

    Attributes
    ----------
    said : str
        One or two sentences for a researcher.
    reads : tuple of str
        The inputs that the view reads, named as the step's.
    write : callable or None
        Writes the view's SELECT, in which an input is called by its name after an underscore; None where there is none.
    leaves_out : tuple of str
        Columns of the step that the view has not.
    """

    said: str
    reads: tuple[str, ...] = ()
    write: Callable[[Mapping[str, str]], str] | None = None
    leaves_out: tuple[str, ...] = ()


def view(step: Step, inputs: Mapping[str, str], settings: Settings) -> str:
    """Return the SELECT of a measure over `inputs`.

    Parameters
    ----------
    inputs : mapping of str to str
        Of every input that the view reads: the name of a dataset or of an earlier view with the step's columns, or a
        SELECT that gives them.

    Raises
    ------
    BadInputError
        There is no view of the measure, an input is missing or unknown, or a setting is wrong.
    """
    found = IN_ROOMS[step.name]
    if found.write is None:
        raise BadInputError(f"{step.name} cannot be had as a view: {found.said}")
    wanted = ", ".join(found.reads)
    for name in found.reads:
        if name not in inputs:
            raise BadInputError(f"{step.name}: '{name}' is missing; the view reads {wanted}", field=name)
    strange = sorted(set(inputs) - set(found.reads))
    if strange:
        raise BadInputError(f"{step.name}: the view reads no '{strange[0]}'; it reads {wanted}", field=strange[0])
    given = ", ".join(f"_{name} AS ({_selected(inputs[name])})" for name in found.reads)
    values = {name: _literal(value) for name, value in settled(step, settings).items()}
    return f"WITH {given}\n{_plain(found.write(values))}"


def _selected(given: str) -> str:
    return f"SELECT * FROM {given.strip()}" if _NAME.fullmatch(given.strip()) else given.strip().rstrip(";")


def _plain(text: str) -> str:
    return "\n".join(line.strip() for line in text.strip().splitlines())


def _literal(value: Value) -> str:
    return f"make_date({value.year}, {value.month}, {value.day})" if isinstance(value, date) else str(value)


def _age(born: str, day: str) -> str:
    """Return completed years of age on a day: boundaries of years, less one before the birthday."""
    later = f"month({born}) > month({day}) OR (month({born}) = month({day}) AND day({born}) > day({day}))"
    return f"date_diff('year', {born}, {day}) - CASE WHEN {later} THEN 1 ELSE 0 END"


def _mid_rank(value: str, within: str) -> str:
    """Return the mid-rank among rows that all have a value: the shares up to it, from below and above, averaged."""
    places = [f"cume_dist() OVER (PARTITION BY {within} ORDER BY {value}{way})" for way in ("", " DESC")]
    return f"({places[0]} + 1 - {places[1]}) / 2"


def _composition(values: Mapping[str, str]) -> str:
    def counted(condition: str) -> str:
        return f"count(CASE WHEN {condition} THEN 1 END) OVER (PARTITION BY household)"

    return f"""
        SELECT *, count(*) OVER (PARTITION BY household) AS persons,
            {counted("age_on_day >= 16")} AS adults, {counted("age_on_day < 16")} AS children,
            {counted("age_on_day >= 14")} AS aged_14_and_over, {counted("age_on_day < 14")} AS under_14,
            {counted("age_on_day IS NULL")} AS unknown_age
        FROM (SELECT *, {_age("born", values["day"])} AS age_on_day FROM _members) aged
    """


def _scale(form: str) -> str:
    first, further, child = SCALES[form]
    scale = f"{first} + {further} * (aged_14_and_over - 1) + {child} * under_14"
    return f"CASE WHEN adults > 0 AND unknown_age = 0 THEN CAST({scale} AS double) END AS scale_{form}"


def _equivalised(_: Mapping[str, str]) -> str:
    known, floor = "CASE WHEN persons_with_income > 0 THEN", "CASE WHEN income > 0 THEN income ELSE 0 END"
    return f"""
        SELECT *, {known} {floor} END AS income_bhc, {known} {floor} - costs END AS income_ahc,
            {known} {floor} / scale_bhc END AS equivalised_bhc,
            {known} ({floor} - costs) / scale_ahc END AS equivalised_ahc
        FROM (SELECT *, count(amount) OVER (PARTITION BY household) AS persons_with_income,
                sum(amount) OVER (PARTITION BY household) AS income, {_scale("bhc")}, {_scale("ahc")}
            FROM (SELECT c.*, i.amount, h.costs FROM _households c LEFT JOIN _costs h ON h.household = c.household
                LEFT JOIN (SELECT person, sum(amount) AS amount FROM _incomes GROUP BY person) i
                ON i.person = c.person) joined) scaled
    """


def _low_income(values: Mapping[str, str]) -> str:
    lines = {form: f"{values['fraction']} * m.{form}" for form in SCALES}
    return f"""
        SELECT i.*, i.equivalised_bhc < {lines["bhc"]} AS low_income_bhc,
            i.equivalised_ahc < {lines["ahc"]} AS low_income_ahc, {lines["bhc"]} AS threshold_bhc,
            {lines["ahc"]} AS threshold_ahc
        FROM _incomes i JOIN (SELECT median(equivalised_bhc) AS bhc, median(equivalised_ahc) AS ahc FROM _incomes) m
        ON 1 = 1
    """


def _ranks(_: Mapping[str, str]) -> str:
    return f"SELECT *, {_mid_rank('income', 'cohort')} AS rank FROM _incomes WHERE income IS NOT NULL"


def _free_meals(values: Mapping[str, str]) -> str:
    return f"""
        SELECT *, years_eligible / years_seen AS share,
            years_eligible + 1e-9 >= {values["fraction"]} * years_seen AND years_eligible > 0 AS persistent
        FROM (SELECT person, count(*) AS years_seen, count(*) FILTER (WHERE eligible) AS years_eligible,
                bool_or(eligible AND year > {values["year"]} - 6) AS ever_six
            FROM _meals WHERE year <= {values["year"]} GROUP BY person) counted
    """


def _lost(values: Mapping[str, str]) -> str:
    return f"""
        SELECT *, CASE WHEN low_income IS NOT NULL AND free_meals IS NOT NULL
            THEN low_income AND NOT free_meals END AS lost
        FROM (SELECT p.*, m.eligible AS free_meals FROM _people p
            LEFT JOIN (SELECT person, eligible FROM _meals WHERE year = {values["year"]}) m ON m.person = p.person
            WHERE p.born <= {values["day"]}
                AND {_age("p.born", values["day"])} BETWEEN {values["youngest"]} AND {values["oldest"]}) pupils
    """


def _background(_: Mapping[str, str]) -> str:
    return """
        SELECT child, parents, parents_with_education, parents_with_ns_sec, highest_education, highest_ns_sec
        FROM (SELECT l.child, count(*) AS parents, count(a.education) AS parents_with_education,
                count(a.ns_sec) AS parents_with_ns_sec, max(a.education) AS highest_education,
                min(a.ns_sec) AS highest_ns_sec
            FROM _parents l LEFT JOIN _adults a ON a.person = l.parent GROUP BY l.child) found
    """


def _ranked(pairs: str, columns: str, parent: str, child: str) -> str:
    """Return the view that adds to `pairs` both ranks within the cohort, of pairs with both known."""
    ranks = [f"{_mid_rank(side, 'cohort')} AS {name}_rank" for side, name in ((parent, "parent"), (child, "child"))]
    listed = ", ".join(f"p.{name}" for name in columns.split(", "))
    return f"""
        , {pairs}
        SELECT {listed}, r.parent_rank, r.child_rank FROM _pairs p
        LEFT JOIN (SELECT child, {", ".join(ranks)} FROM _pairs WHERE {parent} IS NOT NULL AND {child} IS NOT NULL) r
        ON r.child = p.child
    """


def _income_pairs(values: Mapping[str, str]) -> str:
    def mean(name: str, who: str, of: str) -> str:
        first, last = values[f"{name}_from"], values[f"{name}_to"]
        return f"""(SELECT c.child, count(DISTINCT i.year) AS years, sum(i.income) / count(DISTINCT i.year) AS income
            FROM {of} JOIN _incomes i ON i.person = {who}
            WHERE i.year BETWEEN c.cohort + {first} AND c.cohort + {last} GROUP BY c.child)"""

    family = mean("parent", "l.parent", "_parents l JOIN _children c ON c.child = l.child")
    own = mean("child", "c.child", "_children c")
    pairs = f"""_children AS (
            SELECT l.child, year(b.born) AS cohort, count(*) AS parents FROM _parents l
            JOIN _people b ON b.person = l.child WHERE b.born IS NOT NULL GROUP BY l.child, year(b.born)
        ), _pairs AS (
            SELECT c.child, c.cohort, c.parents, coalesce(f.years, 0) AS parent_years,
                coalesce(o.years, 0) AS child_years,
                CASE WHEN f.years >= {values["years"]} THEN f.income END AS parent_income,
                CASE WHEN o.years >= {values["years"]} THEN o.income END AS child_income
            FROM _children c LEFT JOIN {family} f ON f.child = c.child LEFT JOIN {own} o ON o.child = c.child
        )"""
    columns = "child, cohort, parents, parent_years, child_years, parent_income, child_income"
    return _ranked(pairs, columns, "parent_income", "child_income")


def _education_pairs(_: Mapping[str, str]) -> str:
    pairs = """_pairs AS (
            SELECT l.child, year(b.born) AS cohort, max(p.education) AS parent_education,
                max(c.education) AS child_education
            FROM _parents l JOIN _people b ON b.person = l.child LEFT JOIN _adults p ON p.person = l.parent
            LEFT JOIN _adults c ON c.person = l.child WHERE b.born IS NOT NULL GROUP BY l.child, year(b.born)
        )"""
    return _ranked(pairs, "child, cohort, parent_education, child_education", "parent_education", "child_education")


_DERIVED = "It is made in the provisioner's zone alone; ask the data owner for a derived dataset of it"
_PARENTS = "A view with a row for each child; its statistics go to a person, because parents are added up in it."
IN_ROOMS: Mapping[str, InRoom] = {
    "household-from-address": InRoom(
        f"{_DERIVED}: which of two addresses counts is decided by the addresses' ids, which a view cannot compute with."
    ),
    "household-composition": InRoom(
        "A view with a row for each member: `members` has `person`, `household` and `born`, and nobody without a "
        "household.",
        ("members",),
        _composition,
        ("children_with_parent", "generations", "kind"),
    ),
    "equivalised-income": InRoom(
        "A view with a row for each member: `households` is the view of `household-composition`.",
        ("households", "incomes", "costs"),
        _equivalised,
    ),
    "low-income": InRoom(
        "A view with a row for each member, everybody counting one: `incomes` is the view of `equivalised-income`. Its "
        "statistics go to a person, because everybody's income makes the threshold. A published threshold needs no "
        "view: `where` `equivalised_bhc < 15000`.",
        ("incomes",),
        _low_income,
    ),
    "income-ranks": InRoom("A view of those whose income is known.", ("incomes",), _ranks),
    "free-school-meals": InRoom("A view with a row for each pupil.", ("meals",), _free_meals),
    "low-income-without-free-meals": InRoom(
        "A view with a row for each child: `people` has `person`, `born` and `low_income`.",
        ("people", "meals"),
        _lost,
        ("age",),
    ),
    "parental-background": InRoom(_PARENTS, ("parents", "adults"), _background, ("ns_sec_3",)),
    "socio-economic-index": InRoom(f"{_DERIVED}: its loadings are found from everybody's proxies at once."),
    "parent-child-income": InRoom(_PARENTS, ("parents", "people", "incomes"), _income_pairs),
    "parent-child-education": InRoom(_PARENTS, ("parents", "people", "adults"), _education_pairs),
    "transition-matrix": InRoom(
        'A declared statistic: `saferoom.transition("parent_band", "child_band")`, with bands made by '
        '`derive={"parent_band": "least(5, 1 + floor(parent_rank * 5))", ...}`.'
    ),
    "rank-rank-slope": InRoom(
        'A declared statistic: `saferoom.mobility("child_rank", "parent_rank", by="area", at=0.25)`, which ranks '
        "among everybody selected and tells slope, intercept and the expected rank at p25."
    ),
    "area-composite-index": InRoom(
        f"{_DERIVED}; or release each indicator by area, and compute the index from the released tables."
    ),
}
"""Of every step, how a researcher has it in a room."""
