"""Which pairs are compared: rules chosen by what they are expected to find and by the pairs they make, counted first.

A rule is a few parts of fields that two records must share. Candidates are counted without making a pair (a sum over
blocks of the product of their sizes). Then rules are taken one by one: always the one that finds the most further
matches for its pairs, until another would find next to none or the limit is reached. What a rule finds is reckoned from
the fields' fallback agreement and the share of records in which they are there, as if fields agreed independently.
"""

# ruff: noqa: S608 - SQL is put together from names of our own and quoted ones
from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import combinations
from typing import TYPE_CHECKING

import numpy as np

from saferoom.projects.linkage.comparisons import internal_names
from saferoom.projects.linkage.linked import BlockingCount
from saferoom.projects.linkage.plan import FieldKind, Form, Key, LinkPlan, LinkType, key_of
from saferoom.projects.linkage.reach import PLACES, Reach
from saferoom.projects.linkage.standardising import part_of

if TYPE_CHECKING:
    import duckdb

_LEAST_PAIRS = 2_000_000
_PAIRS_PER_RECORD = 20
_DEAREST = 5_000
"""Pairs that one further match may cost."""
_CHEAP, _BEARABLE, _DEAR = 20_000, 300_000, 30_000
"""Pairs that cost next to nothing; and pairs of a rule that is still quick, where one match may cost more."""
_LEAST_FURTHER = 0.1
"""Further matches that a rule must be expected to find."""
_SMALL = 2
"""Pairs for each record that a rule of two telling fields may make to be used whatever it is expected to find."""


@dataclass(frozen=True)
class BlockingRule:
    """One rule.

    Parameters
    ----------
    label : str
        The rule in words, in the plan's columns.
    keys : tuple of Key
        What two records must share.
    either_way : bool
        The two keys are names that may be exchanged.
    """

    label: str
    keys: tuple[Key, ...]
    either_way: bool = False

    def document(self) -> dict[str, object]:
        """Return the rule as plain values."""
        return {"keys": [{"column": k.column, "form": k.form.value} for k in self.keys], "either_way": self.either_way}


@dataclass(frozen=True)
class Chosen:
    """The rules that are used, what each makes, and which keys are too common to be used."""

    rules: tuple[BlockingRule, ...]
    counts: tuple[BlockingCount, ...]
    common: Mapping[int, str] = field(default_factory=dict)
    """Number of a rule -> table of its keys that are left out."""
    shares: Mapping[str, float] = field(default_factory=dict)
    """Column -> share of the records in which its key is there."""


def rule_of(parts: Sequence[str | Key], *, either_way: bool = False) -> BlockingRule:
    """Return the rule of parts as a plan writes them."""
    keys = tuple(key_of(part) for part in parts)
    words = [key.column if key.form is Form.WHOLE else f"{key.column} ({key.form.value})" for key in keys]
    label = " + ".join(words) + (" in either order" if either_way else "")
    return BlockingRule(label, keys, either_way)


def key_expression(rule: BlockingRule, plan: LinkPlan) -> str:
    """Return the SQL of a record's key: a 64-bit number, NULL where a part is missing."""
    names = internal_names(plan)
    columns = [key_column(names[key.column], plan.fields[key.column], key.form) for key in rule.keys]
    given = " and ".join(f"{column} is not null" for column in columns)
    if rule.either_way:
        value = f"hash(least({columns[0]}, {columns[1]}), greatest({columns[0]}, {columns[1]}))"
    else:
        value = f"hash({', '.join(columns)})"
    return f"case when {given} then {value} end"


def key_column(name: str, kind: FieldKind, form: Form) -> str:
    """Return the prepared column that two records share; a date counts whole only where it is a day."""
    if form is Form.WHOLE:
        special = {FieldKind.DATE: "_day", FieldKind.GIVEN_NAME: "_first"}
        return name + special.get(kind, "")
    return name + part_of(kind, form).suffix


def candidate_rules(plan: LinkPlan) -> tuple[BlockingRule, ...]:
    """Return the rules that could be used for the plan's fields, those of fewer parts first."""
    telling = [column for column, kind in plan.fields.items() if kind is not FieldKind.SEX]
    names = plan.of_kind(FieldKind.GIVEN_NAME)[:1] + plan.of_kind(FieldKind.SURNAME)[:1]
    rules = [rule_of([column]) for column in telling]
    rules += [
        rule_of(pair, either_way=len(names) == 2 and set(pair) == set(names))
        for pair in combinations(telling, 2)
        # Two texts, such as a town and a county, say the same thing twice.
        if any(plan.fields[column] is not FieldKind.TEXT for column in pair)
    ]
    dates = plan.of_kind(FieldKind.DATE)[:1]
    loose = [
        *(Key(column=column, form=Form.SOUND) for column in names),
        *(Key(column=column, form=Form.YEAR) for column in dates),
        *(Key(column=column, form=Form.AREA) for column in plan.of_kind(FieldKind.POSTCODE)[:1]),
    ]
    rules += [rule_of(keys) for keys in combinations(loose, 3)]
    return tuple(rules)


def used_forms(plan: LinkPlan) -> set[tuple[str, Form]]:
    """Return the columns and forms that some rule of `plan` may use; no others have to be made."""
    given = [key_of(part) for rule in [*(plan.passes or ()), *(plan.blocking or ())] for part in rule]
    chosen = [key for rule in candidate_rules(plan) for key in rule.keys] if plan.blocking is None else []
    return {(key.column, key.form) for key in [*given, *chosen]}


def choose(
    connection: duckdb.DuckDBPyConnection,
    table: str,
    plan: LinkPlan,
    sizes: Sequence[int],
    first: Sequence[BlockingRule],
) -> Chosen:
    """Choose the rules for the prepared records in `table`, counting before anything is compared.

    Parameters
    ----------
    sizes : sequence of int
        Records by source.
    first : sequence of BlockingRule
        Rules that are used whatever they cost, before the others (those of deterministic passes).
    """
    counter = _Counter(connection, table, plan)
    shares = counter.shares()
    reach = Reach(plan, shares)
    limit = plan.limits.pairs or max(_LEAST_PAIRS, _PAIRS_PER_RECORD * sum(sizes))
    expected = max(min(sizes), 1) if len(sizes) > 1 else max(sizes[0] // 2, 1)
    given = [rule_of(parts) for parts in plan.blocking] if plan.blocking is not None else None
    taken: list[tuple[BlockingRule, int, int]] = []
    for rule in [*first, *(given or ())]:
        taken.append((rule, *counter.count(rule)))
        reach.take(rule.keys)
    left = limit - sum(pairs for _, pairs, _ in taken)
    unused: list[tuple[BlockingRule, int, int]] = []
    if given is None:
        options = [(rule, *counter.count(rule)) for rule in candidate_rules(plan) if rule not in first]
        while options:
            gains = [reach.further(rule.keys) * expected for rule, _, _ in options]
            worth = [
                _worth(gain * pairs / max(pairs + dropped, 1), pairs, left, sum(sizes))
                for gain, (_, pairs, dropped) in zip(gains, options, strict=True)
            ]
            best = int(np.argmax(worth))
            if worth[best] < 0:
                break
            taken.append(options.pop(best))
            reach.take(taken[-1][0].keys)
            left -= taken[-1][1]
        core = [one for one in options if _telling(one[0], plan) and one[1] <= min(left, _SMALL * sum(sizes))]
        for one in core:
            if not any(set(rule.keys) <= set(one[0].keys) and not dropped for rule, _, dropped in taken):
                taken.append(one)
                left -= one[1]
        unused = [one for one in options if one not in taken]
    counts = [BlockingCount(rule.label, pairs, dropped) for rule, pairs, dropped in taken]
    counts += [BlockingCount(rule.label, pairs, dropped, used=False) for rule, pairs, dropped in unused]
    common = {i: counter.common(rule) for i, (rule, _, dropped) in enumerate(taken) if dropped}
    return Chosen(tuple(rule for rule, _, _ in taken), tuple(counts), common, shares)


def _telling(rule: BlockingRule, plan: LinkPlan) -> bool:
    """Whether a rule is of two fields of which one tells people of a household apart: a given name, date or id."""
    kinds = {plan.fields[key.column] for key in rule.keys}
    persons = {FieldKind.GIVEN_NAME, FieldKind.DATE, FieldKind.ID}
    known = persons | {FieldKind.SURNAME, *PLACES}
    return (
        len(rule.keys) == 2
        and all(key.form is Form.WHOLE for key in rule.keys)
        and kinds <= known
        and bool(kinds & persons)
    )


def _worth(gain: float, pairs: int, left: int, records: int) -> float:
    """Return further matches for each pair, below 0 where they are not worth it; a rule costs a look at each record."""
    most = max(gain * _DEAREST, min(gain * _DEAR, _BEARABLE), _CHEAP)
    if gain < _LEAST_FURTHER or pairs > min(left, most):
        return -1.0
    return gain / (pairs + 2 * records)


class _Counter:
    """Counts what rules would make."""

    def __init__(self, connection: duckdb.DuckDBPyConnection, table: str, plan: LinkPlan) -> None:
        self._connection, self._table, self._plan = connection, table, plan

    def shares(self) -> Mapping[str, float]:
        """Return column -> share of the records in which its key is there."""
        names = internal_names(self._plan)
        columns = {c: key_column(names[c], kind, Form.WHOLE) for c, kind in self._plan.fields.items()}
        counts = ", ".join(f"count({column})" for column in columns.values())
        total, *there = self._connection.execute(f"select count(*), {counts} from {self._table}").fetchall()[0]
        return {c: found / max(total, 1) for c, found in zip(columns, there, strict=True)}

    def count(self, rule: BlockingRule) -> tuple[int, int]:
        """Return pairs in blocks that are not too large, and pairs in those that are."""
        kept, dropped = self._connection.execute(
            f"select sum(pairs) filter (pairs <= {self._plan.limits.block}), "
            f"sum(pairs) filter (pairs > {self._plan.limits.block}) from ({self._blocks(rule)})"
        ).fetchall()[0]
        return int(kept or 0), int(dropped or 0)

    def common(self, rule: BlockingRule) -> str:
        """Return the SQL of the keys of blocks that are too large."""
        return f"select key from ({self._blocks(rule)}) where pairs > {self._plan.limits.block}"

    def _blocks(self, rule: BlockingRule) -> str:
        key = key_expression(rule, self._plan)
        if self._plan.link_type is LinkType.DEDUPE:
            return (
                f"select key, n * (n - 1) // 2 as pairs from (select {key} as key, count(*) as n "
                f"from {self._table} group by all) where key is not null"
            )
        return (
            "select key, (sum(n) * sum(n) - sum(n * n)) // 2 as pairs from "
            f"(select {key} as key, src, count(*) as n from {self._table} group by all) "
            "where key is not null group by key"
        )


def make_keys(connection: duckdb.DuckDBPyConnection, table: str, plan: LinkPlan, chosen: Chosen, into: str) -> None:
    """Make the table `into` of `id, src, k0, k1, ...`: each record's key by each rule, NULL where it is too common."""
    columns = []
    for i, rule in enumerate(chosen.rules):
        key = key_expression(rule, plan)
        if i in chosen.common:
            key = f"case when ({key}) not in ({chosen.common[i]}) then {key} end"
        columns.append(f"{key} as k{i}")
    connection.execute(f"create or replace temp table {into} as select id, src, {', '.join(columns)} from {table}")


def pairs_of_rule(keys: str, number: int, plan: LinkPlan, condition: str = "true") -> str:
    """Return the SQL of the pairs `id_l, id_r, rule` that rule `number` makes and none before it."""
    before = "".join(f" and (l.k{j} = r.k{j}) is not true" for j in range(number))
    apart = "l.id < r.id" if plan.link_type is LinkType.DEDUPE else "l.src < r.src"
    return (
        f"select l.id as id_l, r.id as id_r, {number}::smallint as rule from {keys} l join {keys} r "
        f"on l.k{number} = r.k{number} and {apart}{before} where {condition}"
    )
