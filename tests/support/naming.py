"""Whether a text names somebody. Ids are random letters, and three of them in a row can be a name."""

from __future__ import annotations

import re


def names(text: str, who: str) -> bool:
    """Tell whether `who` stands in `text` as a word."""
    return re.search(rf"\b{re.escape(who)}\b", text) is not None
