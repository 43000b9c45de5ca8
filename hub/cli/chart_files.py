"""The files of a chart beside each other: the picture in both formats, and the data sheet it was drawn from."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from saferoom.disclosure.evaluation import Evaluation
from saferoom.errors import UnavailableError


def write_chart(folder: Path, stem: str, evaluation: Evaluation) -> None:
    """Write ``STEM.svg``, ``.png``, ``.csv`` and ``.xlsx`` of what leaves; nothing when nothing may leave."""
    from saferoom.projects.airlock.render import to_csv, to_xlsx

    picture, table = evaluation.picture, evaluation.outgoing
    if picture is None or table is None:
        print("saferoom: no chart was written, because nothing may leave as it is", file=sys.stderr)
        return
    files = {"svg": picture.svg, "png": picture.png, "csv": to_csv(table), "xlsx": to_xlsx(table)}
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for suffix, data in files.items():
            temporary = folder / f".{stem}.{suffix}.{os.getpid()}"
            temporary.write_bytes(data)
            temporary.replace(folder / f"{stem}.{suffix}")
    except OSError:
        raise UnavailableError("--charts: the chart could not be written to the folder") from None
