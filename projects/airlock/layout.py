"""What a bundle is called inside: names, types and versions that its maker and its verifier share."""

from __future__ import annotations

import re

ENVELOPE = "envelope.dsse.json"
SDC_RECORD = "sdc-record.json"
CRATE = "ro-crate-metadata.json"
MANIFEST_TYPE = "application/vnd.saferoom.release-manifest+json"
MANIFEST_VERSION = 1
SDC_RECORD_VERSION = 1
WITHDRAWAL_TYPE = "application/vnd.saferoom.withdrawal+json"
WITHDRAWALS_TYPE = "application/vnd.saferoom.withdrawals+json"
WITHDRAWAL_VERSION = 1

FIXED = frozenset({ENVELOPE, SDC_RECORD, CRATE})
MEDIA_TYPES = {
    "csv": "text/csv",
    "do": "text/x-stata",
    "html": "text/html",
    "ipynb": "application/x-ipynb+json",
    "jpg": "image/jpeg",
    "json": "application/json",
    "jsonl": "application/jsonl",
    "md": "text/markdown",
    "ods": "application/vnd.oasis.opendocument.spreadsheet",
    "pdf": "application/pdf",
    "png": "image/png",
    "py": "text/x-python",
    "r": "text/x-r",
    "sql": "application/sql",
    "svg": "image/svg+xml",
    "tex": "application/x-tex",
    "tsv": "text/tab-separated-values",
    "txt": "text/plain",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "zip": "application/zip",
}
"""What may leave, by the suffix of its name; nothing else is in a bundle."""
OUTPUT = re.compile(rf"outputs/output-[0-9]{{2}}\.({'|'.join(sorted(MEDIA_TYPES))})")


def output_path(position: int, suffix: str) -> str:
    """Return the path of an output's file: numbered, so that no name a researcher chose leaves with it."""
    return f"outputs/output-{position:02d}.{suffix}"
