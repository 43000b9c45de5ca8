"""``saferoom query``: evaluate and judge a declared statistic on Parquet or CSV files."""

from __future__ import annotations

import hashlib
import json
import re
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from saferoom.disclosure.queries.engines import EngineKind
from saferoom.errors import BadInputError
from saferoom.hub.cli.failing_closed import failing_closed

if TYPE_CHECKING:
    from saferoom.disclosure.checker import Context
    from saferoom.disclosure.evaluation import Evaluation
    from saferoom.disclosure.queries.model import Query
    from saferoom.disclosure.queries.source import Source
    from saferoom.hub.cli.history_folder import HistoryFolder
    from saferoom.hub.cli.query_privacy import Wish
    from saferoom.policies.models import RiskAppetite

_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,62}")
_MOST_QUERY_BYTES = 1_000_000


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("query")(query)


def query(
    file: Path = typer.Argument(help="The query document, YAML or JSON."),
    data: list[str] = typer.Option(..., "--data", help="[NAME=]FILE, Parquet, CSV or TSV; may be repeated."),
    unit: list[str] = typer.Option([], "--unit", help="Column that identifies a statistical unit; may be repeated."),
    policy: str = typer.Option("default", "--policy", help="Risk appetite: a file, or the name of a packaged one."),
    history: Path | None = typer.Option(None, "--history", help="Folder of everything released before."),
    commit: bool = typer.Option(False, "--commit", help="Add what leaves to the history, unless it fails."),
    charts: Path | None = typer.Option(
        None,
        "--charts",
        help="Folder for the query's chart (SVG, PNG) and its data sheet (CSV, XLSX), if it may leave.",
    ),
    quote: bool = typer.Option(
        False, "--quote", help="With differential privacy: say cost and margins of error; computes nothing from rows."
    ),
    twin: bool = typer.Option(
        False, "--twin", help="With differential privacy: try the query on made-up data; computes nothing from rows."
    ),
    engine: EngineKind = typer.Option(
        EngineKind.DUCKDB, "--engine", help="What computes; spark needs Java 17 and pip install 'saferoom[spark]'."
    ),
    as_json: bool = typer.Option(False, "--json", help="Print one JSON document and nothing else."),
) -> None:
    """Evaluate and judge a declared statistic; exit 0 pass, 10 review, 20 fail, 2 bad input.

    With `protect: {method: dp, ...}` noise is drawn. No privacy budget is debited: whoever runs it holds the data.
    """
    from saferoom.disclosure.checker import Context
    from saferoom.disclosure.queries.model import read_query
    from saferoom.hub.cli.chart_files import write_chart
    from saferoom.hub.cli.history_folder import HistoryFolder
    from saferoom.hub.cli.query_privacy import Wish

    if commit and history is None:
        raise BadInputError("--commit needs --history, the folder to commit to")
    with failing_closed("the check", "nothing was judged"):
        asked = read_query(text_of(file, "the query"), file.name)
        if charts is not None and asked.chart is None:
            raise BadInputError("--charts: the query asks for no chart; write for example chart: {kind: bar}")
        wish = Wish(quote=quote, twin=twin, commit=commit, charts=charts is not None)
        wish.check(asked)
        context = Context(sources_of(data, unit), policy_of(policy), engine=engine)
        if history is None:
            evaluation = _evaluated(asked, replace(context, secret=secret_of(asked, context)), wish, None)
        else:
            with HistoryFolder(history).locked(write=commit) as folder:
                remembered = replace(context, memory=folder.memory, secret=secret_of(asked, context, history))
                evaluation = _evaluated(asked, remembered, wish, folder)
                if commit and folder.commit(evaluation):
                    # Suggestions were judged beside a history without it.
                    evaluation = replace(evaluation, suggestions=())
        if charts is not None:
            write_chart(charts, file.stem, evaluation)
    _show(evaluation, as_json)
    raise typer.Exit(evaluation.verdict.exit_code)


def _evaluated(query: Query, context: Context, wish: Wish, folder: HistoryFolder | None) -> Evaluation:
    from saferoom.disclosure.checker import check
    from saferoom.disclosure.remedies.search import Remedies
    from saferoom.hub.cli.query_privacy import evaluate, is_private

    if is_private(query):
        return evaluate(query, context, wish, folder)
    return check(query, context, Remedies.from_now(time.monotonic), clock=time.monotonic)


def secret_of(query: Query, context: Context, history: Path | None = None) -> bytes | None:
    """Return what noise is made with, where the query asks for noise: the history folder's, else the data's own.

    Without a history nothing is released before or after, and whoever asks has the data anyway: the same files give the
    same noise.
    """
    from saferoom.disclosure.queries.forms import KEYED, Method
    from saferoom.hub import keys
    from saferoom.hub.cli.history_folder import noise_key

    if query.protect.method not in KEYED | {Method.AUTO}:
        return None
    if history is not None:
        return keys.noise_secret(noise_key(history))
    digest = hashlib.sha256()
    for source in sorted(context.sources, key=lambda source: source.name):
        try:
            with source.path.open("rb") as stream:
                digest.update(hashlib.file_digest(stream, "sha256").digest())
        except OSError:
            raise BadInputError(f"--data: {source.path.name} does not exist or cannot be read") from None
    return keys.noise_secret(digest.digest())


def text_of(file: Path, what: str) -> str:
    try:
        if file.stat().st_size > _MOST_QUERY_BYTES:
            raise BadInputError(f"{what} {file.name} is larger than 1 MB")
        return file.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError:
        raise BadInputError(f"{what} {file.name} is not text in UTF-8") from None
    except (OSError, ValueError):
        raise BadInputError(f"{what} {file.name} does not exist or cannot be read") from None


def policy_of(name: str) -> RiskAppetite:
    from saferoom.policies.loader import load_risk_appetite, packaged, packaged_names

    path = Path(name)
    if name not in packaged_names() and (path.suffix in {".yaml", ".yml", ".json"} or path.exists()):
        return load_risk_appetite(text_of(path, "the policy"), path.name)
    return packaged(name)


def sources_of(data: list[str], units: list[str]) -> list[Source]:
    named = [_named(item) for item in data]
    if len({name.lower() for name, _ in named}) != len(named):
        raise BadInputError("--data: two files have the same name; write NAME=FILE")
    columns = {name: _columns(name, path) for name, path in named}
    for wanted in units:
        if not any(wanted.lower() in present for present in columns.values()):
            raise _unknown_unit(wanted, columns)
    return [_source(name, path, units, columns[name]) for name, path in named]


def _source(name: str, path: Path, units: list[str], columns: dict[str, str]) -> Source:
    from saferoom.disclosure.queries.source import Source
    from saferoom.hub.cli.hierarchy_files import classifications_beside

    own = tuple(columns[unit.lower()] for unit in dict.fromkeys(units) if unit.lower() in columns)
    return Source(
        name=name,
        path=path,
        units=own,
        columns_known=False,
        boundaries=_boundaries(path, columns),
        classifications=classifications_beside(path, columns),
    )


def _boundaries(path: Path, columns: dict[str, str]) -> dict[str, Path]:
    """Return the files with boundaries of areas: beside the data, called like the column, ending in .geojson."""
    found = {columns.get(file.stem.lower()): file for file in sorted(path.parent.glob("*.geojson"))}
    return {column: file for column, file in found.items() if column is not None}


def _named(item: str) -> tuple[str, Path]:
    name, separator, rest = item.partition("=")
    if separator and _NAME.fullmatch(name) and not Path(item).exists():
        return name, Path(rest)
    stem = re.sub(r"[^A-Za-z0-9_]", "_", Path(item).name.split(".")[0])
    return (stem if _NAME.fullmatch(stem) else "data"), Path(item)


def _columns(name: str, path: Path) -> dict[str, str]:
    """Return the file's columns by their lower-case names."""
    from saferoom.disclosure.queries.engine import Engine, Limits
    from saferoom.disclosure.queries.source import Source

    with Engine([Source(name, path)], Limits(), load=False) as engine:
        return {column.name.lower(): column.name for column in engine.relations[0].columns.values()}


def _unknown_unit(wanted: str, columns: dict[str, dict[str, str]]) -> BadInputError:
    from saferoom.disclosure.queries.relations import unknown

    return unknown("column", wanted, {column for names in columns.values() for column in names.values()}, "--unit")


def _show(evaluation: Evaluation, as_json: bool) -> None:
    if as_json:
        json.dump(evaluation.document(), sys.stdout, allow_nan=False)
        print()
        return
    from saferoom.hub.cli.query_report import report

    report(evaluation)
