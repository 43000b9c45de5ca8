"""What the page of inputs says, in English."""

from __future__ import annotations

from saferoom.hub.web.texts.common import Sign
from saferoom.projects.inputs.model import Kind

UNREADABLE = "No message could be read from this. It is shown as it came."
CUT = "Cut: the whole has {count:,} bytes."
INVISIBLE = "It has {what}. They are written out here."
KINDS = {
    Kind.EXECUTE: Sign("none", "▸", "code"),
    Kind.ANSWER: Sign("none", "▸", "answer to a prompt"),
    Kind.COMM: Sign("none", "▸", "widget"),
    Kind.DEBUG: Sign("none", "▸", "debugger"),
    Kind.OTHER: Sign("review", "?", "unknown kind of message"),
    Kind.UNREADABLE: Sign("review", "?", "not understood"),
}
