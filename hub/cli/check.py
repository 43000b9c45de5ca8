"""``saferoom check``: open and screen files, as the airlock does before people look at them."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from saferoom.errors import BadInputError
from saferoom.hub.cli.failing_closed import failing_closed

if TYPE_CHECKING:
    from saferoom.disclosure.files.model import FileReport
    from saferoom.disclosure.queries.source import Source
    from saferoom.hub.filecheck import Examination
    from saferoom.policies.models import RiskAppetite

MOST_FILES = 500
_MOST_BYTES = 64 * 2**20


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("check")(check)


def check(
    files: list[Path] = typer.Argument(help="Files to check; a folder stands for its files, or for an ACRO session."),
    data: list[str] = typer.Option([], "--data", help="[NAME=]FILE the outputs were made from: Parquet, CSV or TSV."),
    unit: list[str] = typer.Option([], "--unit", help="Column that identifies a statistical unit; may be repeated."),
    policy: str = typer.Option("default", "--policy", help="Risk appetite: a file, or the name of a packaged one."),
    query: Path | None = typer.Option(None, "--query", help="What the file declares to hold; it is computed again."),
    as_json: bool = typer.Option(False, "--json", help="Print one JSON document and nothing else."),
) -> None:
    """Open and screen files of any type; exit by the worst: 0 pass, 10 review, 20 fail, 2 bad input."""
    from saferoom.disclosure.verdict import Verdict

    _logs_to_standard_error()
    with failing_closed("the check", "nothing was judged"):
        reports = _all_reports(files, _asked(data, unit, policy, query))
    worst = Verdict.worst(report.verdict for report in reports)
    _show(reports, worst.value, as_json)
    raise typer.Exit(worst.exit_code)


def _logs_to_standard_error() -> None:
    import structlog

    structlog.configure(logger_factory=lambda *_: structlog.PrintLogger(sys.stderr))


def chosen(paths: Sequence[Path]) -> list[tuple[str, Path]]:
    """Return the files to check by the names reports give them; a folder stands for each file in it, at any depth.

    Raises
    ------
    BadInputError
        When a path does not exist, is no file, or a folder holds no or too many files, or something that is none.
    """
    from saferoom.disclosure.files.openers.base import shown

    found: dict[Path, str] = {}
    for path in paths:
        if path.is_dir():
            inside = sorted(item for item in path.rglob("*") if item.is_symlink() or not item.is_dir())
            if not inside:
                raise BadInputError(f"the folder {path.name} holds no files")
            found.update({item: str(item.relative_to(path.parent)) for item in inside})
        else:
            # Two files of one name are told apart by the paths they were given by.
            twice = sum(other.name == path.name for other in paths) > 1
            found[path] = str(path) if twice else path.name
    if len(found) > MOST_FILES:
        raise BadInputError(f"more than {MOST_FILES} files are asked for; check fewer at a time")
    for path, name in found.items():
        if not path.exists():
            raise BadInputError(f"the file {shown(name)} does not exist")
        if not path.is_file():
            raise BadInputError(f"{shown(name)} is not a file")
    return [(name, path) for path, name in found.items()]


@dataclass(frozen=True)
class _Asked:
    """What the files are judged by."""

    sources: Sequence[Source]
    policy: RiskAppetite
    query: dict[str, Any] | None


def _asked(data: list[str], unit: list[str], policy: str, query: Path | None) -> _Asked:
    from saferoom.disclosure.queries.model import read_query
    from saferoom.hub.cli.query import policy_of, sources_of, text_of

    if unit and not data:
        raise BadInputError("--unit names a column of --data; give the data as well")
    if query is not None and not data:
        raise BadInputError("--query is computed from --data; give the data as well")
    document = None if query is None else read_query(text_of(query, "the query"), query.name).document()
    return _Asked(sources_of(data, unit), policy_of(policy), document)


def _all_reports(paths: Sequence[Path], asked: _Asked) -> list[FileReport]:
    from saferoom.hub.cli.check_acro import check_session, is_acro_folder

    sessions = [path for path in paths if is_acro_folder(path)]
    others = [path for path in paths if path not in sessions]
    reports = _reports(chosen(others), asked) if others else []
    for session in sessions:
        reports += check_session(session, asked.sources, partial(_one, asked))
    return reports


def _one(asked: _Asked, name: str, data: bytes, query: Mapping[str, Any] | None) -> Examination:
    from saferoom.hub.filecheck import FileJob, examine_files

    job = FileJob([(name, data)], asked.sources, asked.policy, query or asked.query)
    return examine_files(job, tell=partial(print, file=sys.stderr))[0]


def _reports(named: Sequence[tuple[str, Path]], asked: _Asked) -> list[FileReport]:
    """Screen the files in sandboxed processes, as many at a time as fit into memory together."""
    from saferoom.disclosure.files.openers import OpenLimits
    from saferoom.hub.filecheck import FileJob, screen_files

    reports: list[FileReport] = []
    told: list[str] = []
    batch: list[tuple[str, bytes]] = []
    for position, (name, path) in enumerate(named):
        batch.append((name, _bytes(name, path, OpenLimits().file_bytes)))
        if position + 1 == len(named) or sum(len(content) for _, content in batch) > _MOST_BYTES:
            reports += screen_files(FileJob(batch, asked.sources, asked.policy, asked.query), tell=told.append)
            batch = []
    for sentence in dict.fromkeys(told):
        print(sentence, file=sys.stderr)
    return reports


def _bytes(name: str, path: Path, most: int) -> bytes:
    try:
        with path.open("rb") as stream:
            # One byte more than is ever opened says that the file is too large.
            return stream.read(most + 1)
    except OSError:
        raise BadInputError(f"the file {name} cannot be read") from None


def _show(reports: Sequence[FileReport], worst: str, as_json: bool) -> None:
    if as_json:
        document = {"verdict": worst, "files": [report.document() for report in reports]}
        json.dump(document, sys.stdout, allow_nan=False)
        print()
        return
    from saferoom.hub.cli.check_report import show

    show(reports)
