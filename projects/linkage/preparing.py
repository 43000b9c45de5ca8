"""Records made ready: checked, numbered over all sources, and cleaned into columns with names of our own."""

# ruff: noqa: S608 - SQL is put together from names of our own and quoted ones
from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from saferoom.errors import BadInputError
from saferoom.projects.linkage.blocking import used_forms
from saferoom.projects.linkage.comparisons import internal_names
from saferoom.projects.linkage.plan import FieldKind, Form, LinkPlan, LinkType
from saferoom.projects.linkage.standardising import parts, quoted, stages
from saferoom.projects.linkage.variants import make_names_table

if TYPE_CHECKING:
    import duckdb

_ONLY_WHERE_USED = (Form.START, Form.SOUND, Form.YEAR)
"""Forms that nothing is compared by, only blocking and passes."""


def check(connection: duckdb.DuckDBPyConnection, records: Mapping[str, str], plan: LinkPlan) -> dict[str, int]:
    """Return source -> number of records.

    Raises
    ------
    BadInputError
        A column is missing, a source has no record, or ids are missing or stand twice.
    """
    sizes = {}
    for source, relation in records.items():
        there = [row[0] for row in connection.execute(f"describe {relation}").fetchall()]
        for column in ("record_id", *plan.fields):
            if column not in there:
                raise BadInputError(f"the dataset '{source}' has no column '{column}'")
        count, given, different = connection.execute(
            f"select count(*), count(record_id), count(distinct record_id) from {relation}"
        ).fetchall()[0]
        if not count:
            raise BadInputError(f"the dataset '{source}' has no record")
        if given < count:
            raise BadInputError(f"the dataset '{source}' has records without an id ({count - given:,} of {count:,})")
        if different < count:
            raise BadInputError(
                f"the dataset '{source}' has ids that stand more than once ({count - different:,} records too many); "
                "every record needs its own id"
            )
        sizes[source] = int(count)
    return sizes


def prepare(
    connection: duckdb.DuckDBPyConnection,
    records: Mapping[str, str],
    plan: LinkPlan,
    sides: Mapping[str, int],
    into: str,
) -> None:
    """Make the table `into`: `id` (1, 2, ... over all), `src` (side), `source` (number), `record_id`, cleaned columns.

    Parameters
    ----------
    sides : mapping
        Source -> its side; only records of different sides are compared, except within one dataset.
    """
    make_names_table(connection)
    names = internal_names(plan)
    selects = []
    for number, (source, relation) in enumerate(records.items()):
        columns = ", ".join(f"{quoted(column)}::varchar as {name}" for column, name in names.items())
        selects.append(
            f"select {sides[source]}::smallint as src, {number}::smallint as source, record_id::varchar as record_id, "
            f"{columns} from {relation}"
        )
    steps = {name: stages(plan.fields[column]) for column, name in names.items()}
    layers = []
    for step in range(max(len(one) for one in steps.values())):
        columns = ", ".join(f"{_step(one, step, name)} as {name}" for name, one in steps.items())
        before = "numbered" if step == 0 else f"step_{step - 1}"
        layers.append(f"step_{step} as (select id, src, source, record_id, {columns} from {before})")
    used = used_forms(plan)
    made = [
        f"{part.expression.format(c=name)} as {name}{part.suffix}"
        for column, name in names.items()
        for part in parts(plan.fields[column])
        if part.form not in _ONLY_WHERE_USED or (column, part.form) in used
    ]
    everything = ", ".join(["id, src, source, record_id", *names.values(), *made])
    connection.execute(
        f"create or replace temp table {into} as with raw as ({' union all '.join(selects)}), "
        "numbered as (select row_number() over (order by src, source, record_id) as id, * from raw), "
        f"{', '.join(layers)}, made as (select {everything} from step_{len(layers) - 1}) "
        f"select *, {_found_again(plan, names)} as found_again from made"
    )


def _found_again(plan: LinkPlan, names: Mapping[str, str]) -> str:
    """Return the SQL of whether a record of another side has the same names and date."""
    kinds = (FieldKind.GIVEN_NAME, FieldKind.SURNAME, FieldKind.DATE)
    columns = [names[column] for kind in kinds for column in plan.of_kind(kind)[:1]]
    if len(columns) < len(kinds):
        return "false"
    there = " and ".join(f"{column} is not null" for column in columns)
    over = f"over (partition by {', '.join(columns)})"
    many = f"count(*) {over} > 1" if plan.link_type is LinkType.DEDUPE else f"min(src) {over} < max(src) {over}"
    return f"{there} and {many}"


def _step(steps: tuple[str, ...], number: int, name: str) -> str:
    return steps[number].format(c=name) if number < len(steps) else name
