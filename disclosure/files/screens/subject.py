"""What every screen is given: one file, or one file inside it, with its tables as columns."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

from saferoom.disclosure.files.model import Opened, Passage
from saferoom.disclosure.files.reference import Reference
from saferoom.disclosure.files.screens.code_tables import tables_of_code
from saferoom.disclosure.files.screens.line_tables import tables_of_lines
from saferoom.disclosure.files.screens.shaped_lines import tables_of_shapes
from saferoom.disclosure.files.screens.text_tables import tables_in
from saferoom.disclosure.files.screens.views import View
from saferoom.disclosure.verdict import Finding
from saferoom.policies.models import RiskAppetite

_TEXT_CELL = 24


@dataclass(frozen=True)
class Subject:
    """One opened file.

    Attributes
    ----------
    kind : str
        The file's type, as reports name it.
    """

    opened: Opened
    kind: str
    policy: RiskAppetite
    reference: Reference

    @cached_property
    def views(self) -> tuple[View, ...]:
        """The tables of the file, and those that stand in its texts."""
        grids = [*self.opened.grids]
        for passage in self.opened.passages:
            if passage.is_code:
                grids += tables_of_code(passage)
                continue
            tables = [*tables_in(passage), *tables_of_lines(passage)]
            grids += tables or tables_of_shapes(passage)
        return tuple(View(grid) for grid in grids)

    @cached_property
    def texts(self) -> tuple[Passage, ...]:
        """All running text: passages, and the cells and heads of tables that are words."""
        return (*self.opened.passages, *(_words(view) for view in self.views[: len(self.opened.grids)]))


def _words(view: View) -> Passage:
    """Return the heads and texts of a table as one passage, every different text once."""
    seen: dict[str, None] = dict.fromkeys(head for head in view.grid.header if head)
    for column in view.columns:
        seen.update(dict.fromkeys(text for _, text in column.texts()))
    return Passage(view.place, "\n".join(text for text in seen if not text.isdigit()))


Screen = Callable[[Subject], list[Finding]]
"""Looks at a file and says what could be disclosive, and where."""
