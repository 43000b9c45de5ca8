"""The catalogue as people look through it: datasets, their variables and versions.

Vocabulary
----------
hit
    A dataset that a search finds, by its own words or by those of its variables.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from saferoom.ids import DatasetName
from saferoom.projects.catalogue.model import VariableRole, VariableType
from saferoom.projects.paging import Cut, Paged

MOST_WORDS = 8
LONGEST_WORD = 60
SHOWN = 5
"""Variables that are named with a hit."""


@dataclass(frozen=True)
class VariableLine:
    """A variable as a list shows it; `codes` counts those of its codelist, 0 where it has none."""

    name: str
    label: str
    type: VariableType
    role: VariableRole
    codes: int
    grouped: bool
    """Whether a hierarchy says which codes make up which broader category."""


@dataclass(frozen=True)
class Hit:
    """A dataset as a search shows it.

    Attributes
    ----------
    owner : str
        How its data owner wants to be called.
    variables : int
        How many of its variables a project may ask for.
    found : tuple of VariableLine
        The first of those that the search's words are in.
    """

    name: DatasetName
    title: str
    version: str
    owner: str
    variables: int
    found: tuple[VariableLine, ...]


@dataclass(frozen=True)
class Edition:
    """One version of a dataset, and since when it has been the one in use."""

    number: int
    version: str
    at: datetime


class Shelves(Protocol):
    """The store's side of the catalogue. Direct identifiers and where a file lies are never told."""

    def search(self, words: Sequence[str], cut: Cut) -> Paged[Hit]:
        """Return the datasets in which every one of `words` is found, by title; all of them without a word."""
        ...

    def variables(self, dataset: DatasetName, words: Sequence[str], cut: Cut) -> Paged[VariableLine]:
        """Return the variables of a dataset that a project may have, in its order, in which every word is found."""
        ...

    def editions(self, dataset: DatasetName) -> tuple[Edition, ...]:
        """Return the versions of a dataset, the newest first."""
        ...


def words_of(text: str) -> tuple[str, ...]:
    """Return what to look for: the first few words of `text`, in lower case, each once."""
    return tuple(dict.fromkeys(word[:LONGEST_WORD] for word in text.lower().split()))[:MOST_WORDS]
