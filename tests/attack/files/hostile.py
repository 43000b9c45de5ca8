"""Hostile, corrupt and gigantic files, made by code: a name, the bytes, and the verdict they must get."""

from __future__ import annotations

from tests.attack.files import hostile_archives, hostile_media, hostile_text, hostile_workbooks
from tests.attack.files.making import CASES, MARKER, Hostile, ods, pdf, png, png_chunk, sheet, workbook, zipped

__all__ = ["MARKER", "PARTS", "Hostile", "corpus", "ods", "pdf", "png", "png_chunk", "sheet", "workbook", "zipped"]
PARTS = (hostile_archives, hostile_workbooks, hostile_text, hostile_media)
"""The modules whose makers are in the list once they are imported."""


def corpus() -> list[Hostile]:
    """Return every file."""
    return [Hostile(*case) for case in CASES]
