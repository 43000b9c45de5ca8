"""Answers that are lists: to go through in code, and a table to read."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterator, Sequence
from typing import Any, ClassVar, TypeVar

from saferoom.hub.notebook import markup

_Item = TypeVar("_Item")


class Listed(Sequence[_Item]):
    """A list that is shown as a table; subclasses say of an item its row.

    Attributes
    ----------
    head : tuple of str
        The columns' names.
    none : str
        What is shown where there is nothing.
    """

    head: ClassVar[tuple[str, ...]]
    none: ClassVar[str]

    def __init__(self, items: Sequence[_Item]) -> None:
        self._items = list(items)

    @abstractmethod
    def _row(self, item: _Item) -> tuple[str, ...]:
        """Return an item's row, in the order of `head`."""

    def __getitem__(self, index: Any) -> Any:
        return self._items[index]

    def __len__(self) -> int:
        return len(self._items)

    def __iter__(self) -> Iterator[_Item]:
        return iter(self._items)

    def _rows(self) -> list[tuple[str, ...]]:
        return [self._row(one) for one in self._items]

    def __repr__(self) -> str:
        if not self._items:
            return self.none
        return "\n".join(markup.columns_text([self.head, *self._rows()], left=len(self.head)))

    def _repr_html_(self) -> str:
        if not self._items:
            return markup.panel(markup.paragraph(self.none))
        return markup.panel(markup.words_html(self.head, self._rows()))
