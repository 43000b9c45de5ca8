"""What a data owner sees before signing: the numbers that leave, read back from the very bytes that leave."""

from __future__ import annotations

import base64
import csv
import io
from dataclasses import dataclass

from saferoom.hub.web.airlock import present, present_privacy
from saferoom.hub.web.airlock.present import FindingView
from saferoom.hub.web.airlock.present_files import size
from saferoom.hub.web.texts.airlock import LANES, VERDICTS
from saferoom.hub.web.texts.common import Sign
from saferoom.policies.document import written
from saferoom.projects.airlock.model import FILES, Output
from saferoom.projects.airlock.signing_off import Leaving

MOST_ROWS = 2_000


@dataclass(frozen=True)
class LeavingView:
    """One output that is about to leave.

    Attributes
    ----------
    query : str
        As the release record states it, YAML; empty where none is known.
    files : tuple of (str, str)
        Suffix and size of each file that leaves.
    head, rows : tuple
        The table that leaves, of a statistic that was computed here; empty for a file, which is shown in a frame.
    """

    id: str
    file: str
    title: str
    sign: Sign
    kind: str
    findings: tuple[FindingView, ...]
    query: str
    files: tuple[tuple[str, str], ...]
    head: tuple[str, ...] = ()
    rows: tuple[tuple[str, ...], ...] = ()
    left_out: int = 0
    picture: str = ""
    privacy: tuple[tuple[str, str], ...] = ()
    """What is known of its noise; empty of other outputs."""


def leaving(output: Output, found: Leaving) -> LeavingView:
    """Return `output` as a data owner sees it."""
    computed = found.lane not in FILES
    table = _table(found.files.get("csv", b"")) if computed else []
    return LeavingView(
        id=output.id,
        file="" if computed else output.evaluation,
        title=found.title,
        sign=VERDICTS[found.verdict],
        kind=LANES[found.lane],
        findings=tuple(present.finding(number, one) for number, one in enumerate(found.findings, start=1)),
        query=written(dict(found.query)) if found.query else "",
        files=tuple((suffix, size(len(data))) for suffix, data in sorted(found.files.items())),
        head=table[0] if table else (),
        rows=tuple(table[1 : MOST_ROWS + 1]),
        left_out=max(0, len(table) - 1 - MOST_ROWS),
        picture=_picture(found.files.get("png", b"")) if computed else "",
        privacy=present_privacy.facts(found.privacy),
    )


def _table(data: bytes) -> list[tuple[str, ...]]:
    return [tuple(row) for row in csv.reader(io.StringIO(data.decode("utf-8"), newline=""))]


def _picture(data: bytes) -> str:
    return "data:image/png;base64," + base64.b64encode(data).decode("ascii") if data else ""
