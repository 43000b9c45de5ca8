"""What the page of inputs says, in English."""

from __future__ import annotations

from saferoom.hub.web.texts.common import Sign
from saferoom.projects.inputs.model import Kind

KINDS = {
    Kind.EXECUTE: Sign("none", "▸", "code"),
    Kind.ANSWER: Sign("none", "▸", "answer to a prompt"),
    Kind.COMM: Sign("none", "▸", "widget"),
    Kind.DEBUG: Sign("none", "▸", "debugger"),
    Kind.OTHER: Sign("review", "?", "unknown kind of message"),
    Kind.UNREADABLE: Sign("review", "?", "not understood"),
}
