"""LaTeX: shown as text, with its comments and what it would hide or run when it is typeset."""

from __future__ import annotations

import re
from typing import Final

from saferoom.disclosure.files.openers.base import File, OpeningError
from saferoom.disclosure.files.openers.characters import decode
from saferoom.disclosure.files.openers.encoded import comment_severity
from saferoom.disclosure.files.openers.plain import read_text

_COMMENT: Final = re.compile(r"(?<!\\)%([^\n]*)")
_HIDING: Final = (
    (re.compile(r"\\iffalse|\\begin\{comment\}|\\excludecomment"), "parts that are left out when it is typeset"),
    (
        re.compile(r"\\(?:h|v)?phantom\s*\{|\\textcolor\s*\{white\}|\\color\s*\{white\}|\\tiny\s*\\color"),
        "text without a colour",
    ),
    (
        re.compile(r"\\(?:immediate\s*)?\\?write18|\\ShellEscape|\\directlua|\\luaexec|\\pdfobj|\\special\b"),
        "commands that are run",
    ),
    (re.compile(r"\\(?:embedfile|attachfile|textattachfile|pdfinfo|hypersetup)\b"), "embedded files or properties"),
    (re.compile(r"\\endinput|\\end\{document\}\s*\S"), "text after the end of the document"),
)


def read(file: File) -> None:
    """Open a LaTeX file."""
    text = decode(file.data, "LaTeX")
    if not text.strip():
        raise OpeningError("unreadable", "holds nothing but blanks", "Leave it out.")
    comments = "\n".join(_COMMENT.findall(text))
    if comments.strip():
        file.conceal("comments", "remarks that are left out when it is typeset", comment_severity(comments))
    for pattern, what in _HIDING:
        if pattern.search(text):
            file.conceal("", what)
    read_text(file, "", text)
