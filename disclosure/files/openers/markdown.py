"""Markdown: shown as text; the HTML, comments and embedded files in it are looked at as a browser would."""

from __future__ import annotations

import re
from typing import Final

from saferoom.disclosure.files.openers.base import File
from saferoom.disclosure.files.openers.characters import decode
from saferoom.disclosure.files.openers.encoded import comment_severity, open_data_uris
from saferoom.disclosure.files.openers.html import read_html
from saferoom.disclosure.files.openers.plain import read_text

_TAG: Final = re.compile(r"<(?:[A-Za-z][\w-]{0,30}[\s/>]|!--)")
_CODE: Final = re.compile(r"^(```+|~~~+)[^\n]*\n.*?^\1\s*$|`[^`\n]{1,500}`", re.MULTILINE | re.DOTALL)
_UNSEEN_LINK: Final = re.compile(r"^\s{0,3}\[[^\]\n]{1,200}\]:\s*(?:#|<>|https?://\S*)\s*[\"'(].*$", re.MULTILINE)


def read(file: File) -> None:
    """Open a Markdown file."""
    read_markdown(file, "", decode(file.data, "Markdown"))


def read_markdown(file: File, place: str, text: str) -> None:
    """Write down what a Markdown text shows and hides."""
    text = open_data_uris(file, place, text, shown=True)
    read_text(file, place, text)
    for link in _UNSEEN_LINK.findall(text)[:50]:
        file.conceal(place, "text in a link that is never shown", comment_severity(link))
    if "<" in text:
        outside = _CODE.sub(" ", text) if text.count("```") < 2_000 and text.count("~~~") < 2_000 else text
        if _TAG.search(outside):
            read_html(file, f"{place}, HTML in the text" if place else "HTML in the text", outside, words=False)
