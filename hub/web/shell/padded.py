"""Answers whose length says next to nothing about what is in them."""

from __future__ import annotations

from typing import Any

from starlette.responses import JSONResponse

CLASS_BYTES = 1024


class PaddedJson(JSONResponse):
    """JSON with blanks behind it, as many as it takes to the next multiple of `CLASS_BYTES`."""

    def render(self, content: Any) -> bytes:
        """Return the answer's bytes."""
        body = super().render(content)
        return body + b" " * (-len(body) % CLASS_BYTES)
