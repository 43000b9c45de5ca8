"""One page of a long list, as the store cuts it: nobody loads everything to show fifty."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

Item = TypeVar("Item")
Other = TypeVar("Other")
PAGE_SIZE = 50


@dataclass(frozen=True)
class Cut:
    """Which page of a list is wanted.

    Attributes
    ----------
    number : int
        From 1. A number beyond the end gives an empty page, not an error.
    """

    number: int = 1
    size: int = PAGE_SIZE

    def __post_init__(self) -> None:
        if self.number < 1 or self.size < 1:
            raise ValueError("pages count from 1 and hold at least one item")

    @property
    def offset(self) -> int:
        """How many items come before this page."""
        return (self.number - 1) * self.size


@dataclass(frozen=True)
class Paged(Generic[Item]):
    """A page of a list.

    Attributes
    ----------
    total : int
        Items of the whole list.
    """

    items: tuple[Item, ...]
    total: int
    cut: Cut = Cut()

    @property
    def pages(self) -> int:
        """How many pages the whole list has; at least one."""
        return max(1, -(-self.total // self.cut.size))

    @property
    def number(self) -> int:
        """Which page this is, from 1."""
        return self.cut.number

    def map(self, made: Callable[[Item], Other]) -> Paged[Other]:
        """Return the page with `made` of each item."""
        return Paged(tuple(made(item) for item in self.items), self.total, self.cut)
