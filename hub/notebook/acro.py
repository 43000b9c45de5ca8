"""ACRO in a room: a finalised session becomes a release request, and results are written as a session.

What ACRO said about an output is not looked at. Where its command can be read as a query, the statistic is computed on
the trusted side and that leaves; any other output goes as a file, which output checkers look at.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from saferoom.errors import BadInputError
from saferoom.hub.notebook import markup
from saferoom.hub.notebook.asking import evaluate
from saferoom.hub.notebook.errors import RoomError
from saferoom.hub.notebook.extracts import datasets
from saferoom.hub.notebook.files import File, upload
from saferoom.hub.notebook.results import Result

if TYPE_CHECKING:
    from saferoom.hub.notebook.submissions import Submission

_MOST_BYTES = 512 * 2**20


@dataclass(frozen=True)
class Output:
    """One output of a session.

    Attributes
    ----------
    name : str
        As ACRO called it.
    words : str
        Its author's comments and request for an exception.
    results : tuple of Result
        The statistics that its command says, computed at the airlock; they leave in place of its files.
    files : tuple of File
        Its files, where no command could be read.
    """

    name: str
    words: str
    results: tuple[Result, ...]
    files: tuple[File, ...]

    @property
    def said(self) -> str:
        """What became of it, in one line."""
        judged = [result.verdict.value for result in self.results] + [file.verdict.value for file in self.files]
        how = "computed again" if self.results else "goes as a file"
        return f"{how} ({', '.join(judged)})"


class AcroSession(Sequence[Output]):
    """A finalised session at the airlock."""

    def __init__(self, outputs: Sequence[Output]) -> None:
        self._outputs = list(outputs)

    def __getitem__(self, index: Any) -> Any:
        return self._outputs[index]

    def __len__(self) -> int:
        return len(self._outputs)

    def release(self, *, title: str = "", context: str = "", controls: str = "") -> Submission:
        """Ask for the release of all outputs as one request; comments made in ACRO are added to the context."""
        from saferoom.hub.notebook.submissions import release

        comments = [f"{output.name}: {output.words}" for output in self._outputs if output.words]
        return release(
            [result for output in self._outputs for result in output.results],
            files=[file for output in self._outputs for file in output.files],
            title=title,
            context="\n".join([text for text in (context, *comments) if text]),
            controls=controls,
        )

    def _rows(self) -> list[tuple[str, str]]:
        return [(output.name, output.said) for output in self._outputs]

    def __repr__(self) -> str:
        return "\n".join(markup.columns_text([_HEAD, *self._rows()], left=len(_HEAD)))

    def _repr_html_(self) -> str:
        return markup.panel(markup.words_html(_HEAD, self._rows()), *(r._repr_html_() for o in self for r in o.results))


_HEAD = ("output", "what became of it")


def acro(folder: str | Path, source: str | None = None) -> AcroSession:
    """Read the folder that ACRO's ``finalise`` wrote; nothing leaves until its `release` is called.

    Parameters
    ----------
    source : str
        The dataset that the session was about; may be left out when the project has only one.

    Raises
    ------
    RoomError
        The folder is no session, or the dataset is unknown.
    """
    from saferoom.disclosure.acro.session import read_session

    content = _content(Path(folder))
    extracts = datasets()
    if source is None and len(extracts) != 1:
        raise RoomError(f"say which dataset the session was about: source=..., one of {', '.join(extracts)}")
    extract = extracts[source or next(iter(extracts))]
    columns = {column.name: column.type == "text" for column in extract.columns}
    try:
        session = read_session(content)
    except BadInputError as error:
        raise RoomError(error.message) from None
    outputs = []
    for found in session.results:
        results = _computed(found.queries(columns), extract.name)
        files = () if results else tuple(upload(content[name], name=name) for name in found.files)
        outputs.append(Output(found.uid, found.words, results, files))
    return AcroSession(outputs)


def write_acro(results: Sequence[Result], folder: str | Path) -> Path:
    """Write `results` as a finalised ACRO session into a new `folder` of the room, and return the folder.

    The tables are those that would leave; ACRO's and SACRO's tools can read them.
    """
    from saferoom.disclosure.acro.writing import Declared, write_session
    from saferoom.disclosure.queries.model import parse_query
    from saferoom.policies.models import RiskAppetite

    target = Path(folder)
    if target.exists():
        raise RoomError(f"{target.name} exists already; choose another folder")
    declared = [
        Declared(parse_query(result.query), result.table, result.verdict, result.findings, result.title)
        for result in results
    ]
    for name, data in write_session(declared, RiskAppetite(), datetime.now(UTC).isoformat()).items():
        path = target / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    return target


def _computed(queries: Sequence[dict[str, Any]], source: str) -> tuple[Result, ...]:
    """Return the results of `queries`, or none when one of them does not fit the extract."""
    try:
        return tuple(evaluate({**query, "from": source}) for query in queries)
    except RoomError:
        return ()


def _content(folder: Path) -> dict[str, bytes]:
    if not folder.is_dir():
        raise RoomError("acro takes the folder that ACRO's finalise() wrote")
    paths = [path for path in sorted(folder.rglob("*")) if path.is_file()]
    if sum(path.stat().st_size for path in paths) > _MOST_BYTES:
        raise RoomError(f"{folder.name} is larger than {_MOST_BYTES // 2**20} MiB")
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in paths}
