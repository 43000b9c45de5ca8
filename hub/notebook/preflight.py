"""What output checkers send requests back for, found before anything is submitted; each with its fix as one call.

The airlock judges every result and file with the same engine as at submission. What is added here is what an engine
cannot know: whether there are words that explain the output, and whether a picture comes with its numbers.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

from saferoom.disclosure.verdict import Finding, Verdict
from saferoom.hub.notebook import markup
from saferoom.hub.notebook.files import File, Source, upload
from saferoom.hub.notebook.results import Result
from saferoom.hub.notebook.rounding import rounded

_PICTURES = frozenset({"png", "jpeg", "svg", "pdf"})
_TABLES = frozenset({"csv", "tsv", "xlsx", "ods", "json", "markdown", "latex", "html"})
_LOW = frozenset({"threshold", "threshold-nonzero", "low-count", "stated-low-count", "implied-low-count"})
_RECORDS = frozenset(
    {"record-file", "unknown-extension", "mislabelled", "looks-like-records", "records-of-the-extract", "unit-ids"}
)
_WORDS = (
    ("context", "what the numbers are and what they are for"),
    ("controls", "what was done to protect the people behind them"),
)


class Reason(StrEnum):
    """Why requests are sent back, in the order of how often."""

    UNROUNDED = "not rounded"
    CONTEXT = "no context"
    LOW_COUNT = "low counts"
    UNDERLYING_DATA = "underlying data missing"
    FILE_TYPE = "file type"
    DISCLOSURE = "disclosure"
    BUDGET = "privacy budget"


@dataclass(frozen=True)
class Problem:
    """One thing to mend.

    Attributes
    ----------
    call : str
        The call that mends it, to be pasted.
    fix : callable or None
        The same call, ready; None where only its author can say what belongs there.
    stops : bool
        The airlock would refuse the request; otherwise people have to look, and may send it back.
    """

    reason: Reason
    what: str
    call: str
    fix: Callable[[], Any] | None
    stops: bool


class Preflight(Sequence[Problem]):
    """The problems of a request that is not made yet; none means that nothing speaks against submitting it."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        self._problems = sorted(problems, key=lambda problem: not problem.stops)

    def __getitem__(self, index: Any) -> Any:
        return self._problems[index]

    def __len__(self) -> int:
        return len(self._problems)

    @property
    def ready(self) -> bool:
        """Whether the airlock would take the request."""
        return not any(problem.stops for problem in self._problems)

    def fix(self, number: int = 1) -> Any:
        """Return what the call of problem `number` returns: a result or file to use in place of the old one."""
        from saferoom.hub.notebook.errors import RoomError

        if not 1 <= number <= len(self._problems):
            raise RoomError(f"there is no problem of that number; there are {len(self._problems)}")
        problem = self._problems[number - 1]
        if problem.fix is None:
            raise RoomError(f"only you can say this: {problem.call}")
        return problem.fix()

    def _headline(self) -> str:
        if not self._problems:
            return "Ready: nothing speaks against submitting this."
        return "Can be submitted; people may ask for this:" if self.ready else "Would be refused as it is:"

    def _lines(self) -> Iterator[tuple[str, str]]:
        for number, problem in enumerate(self._problems, start=1):
            yield f"{number}. {problem.reason.value}: {problem.what}", problem.call

    def __repr__(self) -> str:
        lines = [self._headline()]
        for what, call in self._lines():
            lines += [f"  {what}", f"     {call}"]
        return "\n".join(lines)

    def _repr_html_(self) -> str:
        kind = "fail" if not self.ready else "review" if self._problems else "pass"
        rows = [(what, call) for what, call in self._lines()]
        table = [markup.words_html(("what", "the call that mends it"), rows)] if rows else []
        return markup.panel(markup.notice(kind, self._headline(), "checked before anything is submitted"), *table)


def preflight(
    results: Result | Sequence[Result] = (),
    *,
    files: Source | Sequence[Source] = (),
    context: str = "",
    controls: str = "",
) -> Preflight:
    """Check a request before it is made; the arguments are those of `saferoom.release`.

    Files that are not at the airlock yet are sent there to be screened; nothing leaves and nothing is submitted.
    """
    group = [results] if isinstance(results, Result) else list(results)
    sources = list(files) if isinstance(files, list | tuple) else [files]
    sent = [(source, source if isinstance(source, File) else upload(source)) for source in sources]
    problems = [
        *_of_words({"context": context, "controls": controls}),
        *(problem for number, result in enumerate(group, start=1) for problem in _of_result(number, result)),
        *(problem for source, file in sent for problem in _of_file(source, file)),
        *_of_pictures(group, [file for _, file in sent]),
    ]
    return Preflight(problems)


def _of_words(given: dict[str, str]) -> Iterator[Problem]:
    for name, meaning in _WORDS:
        if not given[name].strip():
            call = f'saferoom.release(..., {name}="{meaning}")'
            yield Problem(Reason.CONTEXT, f"the {name} is empty", call, None, stops=True)


def _of_result(number: int, result: Result) -> Iterator[Problem]:
    if result.privacy is not None and result.privacy.refusal:
        what = f"result {number} ({result.title}): {result.privacy.refusal}"
        yield Problem(Reason.BUDGET, what, "saferoom.dp(rho=...)  # with a smaller loss", None, stops=True)
    if result.verdict is Verdict.PASS:
        return
    stops = result.verdict is Verdict.FAIL
    worst = next((finding for finding in result.findings if finding.severity is result.verdict), None)
    reason = Reason.LOW_COUNT if worst is not None and worst.rule in _LOW else Reason.DISCLOSURE
    what = f"result {number} ({result.title}): {worst.message if worst else 'a person must look'}"
    if result.suggestions:
        yield Problem(reason, what, f"results[{number - 1}].apply(1)", result.apply, stops)
    else:
        remedy = worst.remedy if worst else "let an output checker decide"
        yield Problem(reason, what, remedy, None, stops)


def _of_file(source: Any, file: File) -> Iterator[Problem]:
    for finding in file.findings:
        stops = finding.severity is Verdict.FAIL
        reason = _reason(finding)
        fix = _rounding(source) if reason in {Reason.LOW_COUNT, Reason.UNROUNDED} else None
        if fix is not None:
            call = "saferoom.upload(saferoom.rounded(frame))"
        elif reason is Reason.FILE_TYPE:
            call = "saferoom.upload(table)  # a frame of statistics; it is sent as CSV"
        else:
            call = finding.remedy
        yield Problem(reason, f"{file.name}: {finding.message}", call, fix, stops)


def _reason(finding: Finding) -> Reason:
    if finding.rule == "unrounded-counts":
        return Reason.UNROUNDED
    if finding.rule in _LOW:
        return Reason.LOW_COUNT
    if finding.rule == "counts-missing":
        return Reason.UNDERLYING_DATA
    return Reason.FILE_TYPE if finding.rule in _RECORDS else Reason.DISCLOSURE


def _rounding(source: Any) -> Callable[[], File] | None:
    """Return the call that rounds a table and sends it again, for frames and CSV files."""
    import pandas as pd

    if isinstance(source, pd.DataFrame):
        return lambda: upload(rounded(source), name="table.csv")
    if isinstance(source, str | os.PathLike) and Path(source).suffix.lower() == ".csv":
        path = Path(source)
        return lambda: upload(rounded(pd.read_csv(path)).to_csv(index=False).encode(), name=path.name)
    return None


def _of_pictures(results: Sequence[Result], files: Sequence[File]) -> Iterator[Problem]:
    """A picture alone cannot be checked: its numbers have to come with it."""
    has_numbers = bool(results) or any(file.type in _TABLES for file in files)
    for file in files:
        if file.type in _PICTURES and not has_numbers:
            yield Problem(
                Reason.UNDERLYING_DATA,
                f"{file.name} is a picture without the numbers it shows",
                'saferoom.table(..., chart={"kind": "bar"})  # drawn at the airlock from a judged table; or add '
                "files=[figure, frame]",
                None,
                stops=False,
            )
