"""Extracts as they lie, sealed, and as those read them who have them open."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from saferoom.hub.home import Home
from saferoom.hub.opened_extracts import opened_extracts
from saferoom.ids import ProjectSlug

if TYPE_CHECKING:
    import pandas as pd


def sealed(home: Home, project: str, name: str, version: str = "1") -> Path:
    """Return the sealed file of an extract."""
    return home.extracts / project / name / version / f"{name}.parquet"


def frame(home: Home, project: str, name: str, version: str | None = None) -> pd.DataFrame:
    """Return the rows of an extract."""
    import pandas as pd

    with opened_extracts(home).lease(ProjectSlug(project), [(name, version)]) as lease:
        file = lease.manifest.file(name, version)
        assert file is not None
        return pd.read_parquet(lease.folder / file.file)
