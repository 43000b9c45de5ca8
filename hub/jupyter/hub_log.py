"""JupyterHub's own log lines: without what stands after a question mark in an address, and as JSON where asked for.

Addresses of the hub name people and projects, which a log may; a query holds whatever somebody put there, such as
where in a room they were.
"""

from __future__ import annotations

import json
import logging
import re
from datetime import UTC, datetime
from typing import Any

from saferoom.hub.log_format import LogFormat, log_format
from saferoom.hub.web.shell.logs import where

_QUERY = re.compile(r"\?[^\s\"'()]+")


def settings() -> dict[str, Any]:
    """Return what JupyterHub's own writer to standard error is changed by (``logging_config``).

    Raises
    ------
    BadInputError
        ``SAFEROOM_LOG_FORMAT`` is no format.
    """
    changed: dict[str, Any] = {
        "filters": {"without_queries": {"()": f"{__name__}.WithoutQueries"}},
        "handlers": {"console": {"filters": ["without_queries"]}},
    }
    if log_format(LogFormat.TEXT) is LogFormat.JSON:
        changed["formatters"] = {"console": {"class": f"{__name__}.JsonLines"}}
    return changed


class WithoutQueries(logging.Filter):
    """Leaves queries of addresses out of every line."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Change `record`, and let it be written."""
        record.msg, record.args = _QUERY.sub("?…", record.getMessage()), None
        return True


class JsonLines(logging.Formatter):
    """Writes a record as the airlock's log does; of an error the places that it passed, not its words."""

    def format(self, record: logging.LogRecord) -> str:
        """Return one line."""
        line: dict[str, Any] = {
            "event": record.getMessage(),
            "level": record.levelname.lower(),
            "service": "hub",
            "timestamp": datetime.fromtimestamp(record.created, UTC).isoformat().replace("+00:00", "Z"),
        }
        if record.exc_info and record.exc_info[1] is not None:
            line |= where(record.exc_info[1])
        return json.dumps(line, sort_keys=True, ensure_ascii=False)
