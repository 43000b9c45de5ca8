"""Folders that ACRO's ``finalise`` wrote: each output's command is computed again, and no status is believed."""

# ruff: noqa: S608 - SQL is put together here from the name of a dataset only, quoted
from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from saferoom.disclosure.acro.session import Result, is_session, read_session
from saferoom.disclosure.files.model import FileReport
from saferoom.disclosure.queries.source import Source
from saferoom.disclosure.verdict import Finding, Risk, Verdict
from saferoom.errors import BadInputError
from saferoom.hub.filecheck import Examination

Screen = Callable[[str, bytes, Mapping[str, Any] | None], Examination]
"""Screens one file, beside a query where one is given."""
_MOST_BYTES = 512 * 2**20


def is_acro_folder(path: Path) -> bool:
    """Say whether `path` is a folder that ACRO's ``finalise`` wrote."""
    return path.is_dir() and is_session(frozenset(item.relative_to(path).as_posix() for item in path.rglob("*")))


def check_session(folder: Path, sources: Sequence[Source], screen: Screen) -> list[FileReport]:
    """Return a report on every file that the session would release, and on files that it does not name.

    Raises
    ------
    BadInputError
        When the folder is no readable session.
    """
    content = _content(folder)
    session = read_session(content)
    columns = _columns(sources)
    reports = []
    for result in session.results:
        for name in result.files:
            report = _report(f"{folder.name}/{name}", content[name], result.queries(columns), screen)
            extra = [_ALTERED] if name in session.altered else []
            reports.append(_with(report, [*extra, *_about(result, name)]))
    strangers = (screen(f"{folder.name}/{name}", content[name], None).report for name in session.unlisted)
    reports += [_with(report, [_UNLISTED]) for report in strangers]
    if not reports:
        raise BadInputError(f"the session in {folder.name} has no outputs")
    return reports


def _content(folder: Path) -> dict[str, bytes]:
    found = {}
    size = 0
    for path in sorted(item for item in folder.rglob("*") if item.is_file()):
        size += path.stat().st_size
        if size > _MOST_BYTES or path.is_symlink():
            raise BadInputError(f"the folder {folder.name} is larger than 512 MiB, or has a link in it")
        try:
            found[path.relative_to(folder).as_posix()] = path.read_bytes()
        except OSError:
            raise BadInputError(f"a file of the folder {folder.name} cannot be read") from None
    return found


def _columns(sources: Sequence[Source]) -> dict[str, bool]:
    """Return the columns of the one dataset, and whether each holds texts; none where there are several."""
    from saferoom.disclosure.queries.engine import Engine, Limits

    if len(sources) != 1:
        return {}
    name = sources[0].name.replace('"', '""')
    with Engine(sources, Limits(), load=False) as engine:
        names = [column.name for column in engine.relations[0].columns.values()]
        kinds = engine.types(f'SELECT * FROM "{name}"')
    return {column: kind.startswith(("VARCHAR", "ENUM")) for column, kind in zip(names, kinds, strict=True)}


def _report(name: str, data: bytes, queries: Sequence[Mapping[str, Any]], screen: Screen) -> FileReport:
    """Return the report of the query that the file holds, else of the file as any other."""
    unequal: FileReport | None = None
    for query in queries:
        try:
            found = screen(name, data, query)
        except BadInputError:
            # The command was made up, or is about another table than the one that is known.
            continue
        if found.matched:
            return found.report
        unequal = found.report
    if unequal is not None:
        return _with(unequal, [_AGAIN])
    return _with(screen(name, data, None).report, [_NOT_REDONE])


def _with(report: FileReport, findings: Sequence[Finding]) -> FileReport:
    if not findings:
        return report
    verdict = Verdict.worst([report.verdict, *(finding.severity for finding in findings)])
    return replace(report, verdict=verdict, findings=(*findings, *report.findings))


def _about(result: Result, name: str) -> list[Finding]:
    return [_EXCEPTION] if result.words and name == result.files[0] else []


def _finding(rule: str, message: str, remedy: str) -> Finding:
    return Finding(rule, Risk.UNPROVEN, Verdict.REVIEW, (), message, remedy)


_NOT_REDONE = _finding(
    "acro-not-redone",
    "What ACRO found in this output was found in the researcher's own process, and its command does not say enough to "
    "compute it again.",
    "declare the statistic as a query, or let two output checkers decide",
)
_AGAIN = _finding(
    "acro-differs",
    "The command was computed again, and the file holds something else: other numbers, more of them, or more digits.",
    "release the statistic that the command says as a declared query in place of the file",
)
_ALTERED = _finding(
    "acro-altered",
    "The file is not the one that was finalised: its checksum differs or is missing.",
    "finalise the session again",
)
_UNLISTED = _finding(
    "acro-unlisted", "The session does not name this file as an output.", "take the file out of the folder"
)
_EXCEPTION = _finding(
    "acro-comment",
    "The author's comments or request for an exception in results.json are words for output checkers.",
    "put them into the release request's context and controls",
)
