"""From inputs to what their page shows."""

from __future__ import annotations

from dataclasses import dataclass

from saferoom.disclosure.files.openers.characters import invisible
from saferoom.hub.web.texts import inputs as texts
from saferoom.hub.web.texts.common import Sign
from saferoom.projects.inputs.model import Input, Kind


@dataclass(frozen=True)
class InputView:
    """An input as the page shows it.

    Attributes
    ----------
    text : str
        With every character that nobody would see written out, so that code looks like what it does.
    warnings : tuple of str
        What to know before it is read.
    """

    one: Input
    sign: Sign
    text: str
    warnings: tuple[str, ...]


def view(one: Input) -> InputView:
    """Return an input as the page shows it."""
    heard, warnings = one.heard, []
    if heard.kind is Kind.UNREADABLE:
        warnings.append(texts.UNREADABLE)
    if heard.cut:
        warnings.append(texts.CUT.format(count=heard.bytes))
    if what := invisible(heard.text):
        warnings.append(texts.INVISIBLE.format(what=what))
    return InputView(one, texts.KINDS[heard.kind], seen(heard.text), tuple(warnings))


def seen(text: str) -> str:
    """Return `text` with whatever is no visible character written out, as Python writes it.

    >>> seen("x = 1\\n\\u202e# harmless")
    'x = 1\\n\\\\u202e# harmless'
    """
    if text.isascii() and text.isprintable():
        return text
    return "".join(
        one if one.isprintable() or one in "\n\t" else one.encode("unicode_escape").decode("ascii") for one in text
    )
