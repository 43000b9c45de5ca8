"""Bytes handed out as a file."""

from __future__ import annotations

from starlette.responses import Response

OCTETS = "application/octet-stream"
PARQUET = "application/vnd.apache.parquet"


def attached(data: bytes | str, name: str, kind: str = OCTETS) -> Response:
    """Return `data` as a file that browsers save, and nobody keeps for later.

    Parameters
    ----------
    name : str
        Made of ids and names that were found: nothing that a caller wrote gets into the header.
    """
    headers = {"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "no-store"}
    return Response(data, media_type=kind, headers=headers)
