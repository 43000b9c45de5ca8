"""What may be told where few values changed.

Whoever has the protected records knows all values that did not change. Where fewer than a handful did, a mean (or any
other number) before beside the one after is an equation for what they were. So nothing is told that rests on fewer than
`Compared.least` changed records.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from saferoom.disclosure.microdata.utility.asked import Compared
from saferoom.disclosure.microdata.utility.losses import changed
from saferoom.disclosure.microdata.utility.variables import Variables


@dataclass(frozen=True)
class Few:
    """Decides what may be told of which columns."""

    found: Variables
    how: Compared

    @property
    def reason(self) -> str:
        """Why something is not told."""
        return f"fewer than {self.how.least} of its values changed, and what is told of it would give them away"

    def count(self, names: Sequence[str]) -> int | None:
        """Return how many records changed in any of these columns; None where records do not correspond."""
        if not self.how.corresponding:
            return None
        masks = [changed(one) for one in self.found.columns if one.name in names]
        return int(np.logical_or.reduce(masks).sum()) if masks else 0

    def may_tell(self, names: Sequence[str]) -> bool:
        """Return whether numbers about these columns together may be told."""
        count = self.count(names)
        return count is None or count == 0 or count >= self.how.least
