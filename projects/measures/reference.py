"""The reference page of derived data: every step with formula, source, columns, settings and refusals."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from saferoom.projects.measures.model import Column, Input, Setting, Step
from saferoom.projects.measures.steps import STEPS
from saferoom.projects.measures.views import IN_ROOMS, InRoom

_TYPES = {int: "integer", float: "number", date: "date", tuple: "columns"}


def page() -> str:
    """Return the reference page."""
    lines = [
        "# Derived data and measures",
        "",
        "Made from the steps in `projects/measures`; a test compares this page with them. A step makes one table out",
        "of others in DuckDB; the same inputs and settings give the same table, whatever the order of the rows. Inputs",
        "are checked first: a missing column, a wrong type, a missing value or a repeated key where none may be, and",
        "what is listed under a step, are refused with a sentence, and nothing is made.",
        "",
        "Under each step is said how a researcher has it in a room, over an extract: as a view",
        "(`saferoom.measures(NAME).view(...)`), as a declared statistic, or in a derived dataset alone.",
        "",
        "| step | version | makes |",
        "|---|---|---|",
        *(f"| [{step.name}](#{step.name}) | {step.version} | {step.title} |" for step in STEPS),
    ]
    for step in STEPS:
        lines += _section(step)
    return "\n".join(lines) + "\n"


def _section(step: Step) -> list[str]:
    lines = ["", f"## {step.name}", "", f"{step.title}, version {step.version}.", ""]
    room = IN_ROOMS[step.name]
    lines += [f"- Formula: `{step.formula}`", f"- Source: {step.source}", f"- Cost: {step.cost}"]
    lines += [f"- In a room: {room.said}{_of_view(room)}", ""]
    for input_ in step.inputs:
        lines += _input(input_)
    lines += [f"Output, one row for each {', '.join(step.key)}:", "", *_table(step.output), ""]
    if step.settings:
        lines += ["| setting | type | default | meaning |", "|---|---|---|---|", *map(_setting, step.settings), ""]
    if step.refusals:
        lines += ["Refused:", "", *(f"- {refusal.sentence}" for refusal in step.refusals), ""]
    return lines[:-1]


def _of_view(room: InRoom) -> str:
    """Return what the view reads and lacks, in words."""
    if not room.reads:
        return ""
    without = f", and has no {_names(room.leaves_out)}" if room.leaves_out else ""
    return f" It reads {_names(room.reads)}{without}."


def _names(names: Sequence[str]) -> str:
    return ", ".join(f"`{name}`" for name in names)


def _input(input_: Input) -> list[str]:
    key = f"; one row for each {', '.join(input_.key)}" if input_.key else ""
    chosen = f"; and the numeric columns that `{input_.chosen}` lists" if input_.chosen else ""
    return [f"Input `{input_.name}`: {input_.meaning}{key}{chosen}.", "", *_table(input_.columns), ""]


def _table(columns: Sequence[Column]) -> list[str]:
    return ["| column | type | values | meaning |", "|---|---|---|---|", *(_column(column) for column in columns)]


def _column(column: Column) -> str:
    said = [", ".join(column.codes)] if column.codes else []
    if column.low is not None or column.high is not None:
        low, high = ("" if bound is None else f"{bound:g}" for bound in (column.low, column.high))
        said.append(f"{low} to {high}" if low and high else f"at least {low}" if low else f"at most {high}")
    if column.missing:
        said.append("may be missing")
    if column.default is not None:
        said.append(f"without the column: {column.default.strip(chr(39))}")
    return f"| `{column.name}` | {column.kind.value} | {'; '.join(said)} | {column.meaning} |"


def _setting(setting: Setting) -> str:
    default = "must be given" if setting.default is None else str(setting.default if setting.default != () else "none")
    return f"| `{setting.name}` | {_TYPES[setting.type]} | {default} | {setting.meaning} |"
