"""What every part of a query document is written in: texts, names, numbers, and models that refuse anything else."""

from __future__ import annotations

import re
import unicodedata
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

MOST_TEXT = 2_000
MOST_VIEW_TEXT = 20_000
NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,62}")


def _without_control_characters(text: Any) -> Any:
    # Also characters that change the direction of writing or cannot be seen: they would show a checker another text.
    hidden = {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}
    if isinstance(text, str) and any(c not in "\n\r\t" and unicodedata.category(c) in hidden for c in text):
        raise ValueError("must be text without control or invisible characters")
    return text


def _name(text: Any) -> Any:
    if isinstance(text, str) and not NAME.fullmatch(text):
        raise ValueError("must be a name: a letter or underscore, then letters, digits or underscores (63 at most)")
    return text


Text = Annotated[str, BeforeValidator(_without_control_characters), Field(min_length=1, max_length=MOST_TEXT)]
Name = Annotated[str, BeforeValidator(_name)]
Edge = float | int
ViewText = Annotated[str, BeforeValidator(_without_control_characters), Field(min_length=1, max_length=MOST_VIEW_TEXT)]


class Document(BaseModel):
    """Base of every part of a query document."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, allow_inf_nan=False, populate_by_name=True)
