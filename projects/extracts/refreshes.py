"""What a project is told when it is given a new version of a dataset.

Only what owners describe is told: variables, codes, coverage, and how records were linked. Nothing is counted in the
data, because what is told leaves the room.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime

from saferoom.ids import DatasetName
from saferoom.projects.approvals.model import Terms
from saferoom.projects.catalogue.model import Coverage, Dataset
from saferoom.projects.extracts.manifest import ExtractFile
from saferoom.projects.life.refresh import covered, differences

NOTHING = "nothing in its description"


@dataclass(frozen=True)
class Refreshed:
    """One refresh of one dataset for one project.

    Attributes
    ----------
    changes : tuple of str
        One sentence each.
    """

    dataset: DatasetName
    before: str
    version: str
    changes: tuple[str, ...]
    at: datetime


def changes_told(
    before: Dataset, after: Dataset, terms: Terms, files: tuple[ExtractFile, ExtractFile]
) -> tuple[str, ...]:
    """Return what changed from one version to the next, of what a project with `terms` sees.

    Parameters
    ----------
    files : (ExtractFile, ExtractFile)
        The extract of the version before, and the new one.
    """
    concerned = covered(before, terms) | covered(after, terms) | {"units"}
    found = [one.sentence for one in differences(before, after) if one.subject in concerned]
    found += _coverage(before.coverage, after.coverage)
    if files[0].linkage != files[1].linkage:
        found.append(f"linked records: {_linkage(files[0])} became {_linkage(files[1])}")
    return tuple(found) or (NOTHING,)


def _coverage(before: Coverage, after: Coverage) -> Iterator[str]:
    if (before.first, before.last) != (after.first, after.last):
        yield f"period: {_period(before)} became {_period(after)}"
    if before.records != after.records:
        yield f"records, as the owner tells: {_about(before.records)} became {_about(after.records)}"
    for what, old, new in (("population", before.population, after.population), ("area", before.area, after.area)):
        if old != new:
            yield f"{what}: {old or 'not told'} became {new or 'not told'}"


def _period(coverage: Coverage) -> str:
    return f"{_day(coverage.first)} to {_day(coverage.last)}"


def _day(day: date | None) -> str:
    return "open" if day is None else day.isoformat()


def _about(records: int | None) -> str:
    return "not told" if records is None else f"about {records:,}"


def _linkage(file: ExtractFile) -> str:
    return file.linkage or "not linked"
