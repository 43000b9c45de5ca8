"""One dataset file as the trusted side sees it: where it is, and which columns name statistical units."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from saferoom.disclosure.queries.classification import Classification
from saferoom.disclosure.verdict import Label


@dataclass(frozen=True)
class Source:
    """A dataset file: Parquet, CSV or TSV.

    Attributes
    ----------
    name : str
        What `from` and views call it.
    units : tuple of str
        Columns that hold the ids of statistical units (person_id, household_id ...).
    codelists : mapping of column to its categories
        Categories that the data owner declared; other texts of the data are free text.
    columns_known : bool
        True where the data owner declared the columns' roles, so that a file without unit columns is a lookup table
        about nobody. False where nothing is known about the file (then it goes to a person).
    claimed : bool
        True for a snapshot: a table made in a room. Its ids are checked against the other sources; its values cannot
        be computed again, so that whatever is made from it goes to a person. It need not have all of `units`.
    """

    name: str
    path: Path
    units: tuple[str, ...] = ()
    codelists: Mapping[str, tuple[Label, ...]] = field(default_factory=dict)
    columns_known: bool = True
    claimed: bool = False
    boundaries: Mapping[str, Path] = field(default_factory=dict)
    """Per column of areas, the file with their public boundaries (GeoJSON)."""
    classifications: Mapping[str, Classification] = field(default_factory=dict)
    """Per column with a hierarchy, its codes' parents: public, such as the region of an area."""
    one_each: tuple[str, ...] = ()
    """Those of `units` of which the file was found to have no id twice and no row without, when it was made."""
