"""What a bundle is called inside: names, types and versions that its maker and its verifier share."""

from __future__ import annotations

import re

ENVELOPE = "envelope.dsse.json"
SDC_RECORD = "sdc-record.json"
CRATE = "ro-crate-metadata.json"
MANIFEST_TYPE = "application/vnd.saferoom.release-manifest+json"
MANIFEST_VERSION = 1
SDC_RECORD_VERSION = 1

FIXED = frozenset({ENVELOPE, SDC_RECORD, CRATE})
OUTPUT = re.compile(r"outputs/output-[0-9]{2}\.(csv|xlsx)")


def output_path(position: int, suffix: str) -> str:
    """Return the path of an output's file: numbered, so that no name a researcher chose leaves with it."""
    return f"outputs/output-{position:02d}.{suffix}"
