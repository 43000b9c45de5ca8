"""Logs on standard error, as JSON lines or as text (``SAFEROOM_LOG_FORMAT``).

They name people, ids and outcomes, never a data value.
"""

from __future__ import annotations

import logging
import sys
import traceback
from collections.abc import MutableMapping
from typing import Any

import structlog

from saferoom.hub.log_format import LogFormat, log_format


def configure(level: int = logging.INFO) -> None:
    """Send everything this process logs through one writer.

    Raises
    ------
    BadInputError
        ``SAFEROOM_LOG_FORMAT`` is no format.
    """
    wanted, writer = log_format(LogFormat.JSON), structlog.processors.JSONRenderer(sort_keys=True)
    shared: list[Any] = [
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=False,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[*shared, _drop_tracebacks],
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                writer
                if wanted is LogFormat.JSON
                else structlog.processors.KeyValueRenderer(
                    key_order=["timestamp", "level", "event"], drop_missing=True
                ),
            ],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)


def where(error: BaseException) -> dict[str, Any]:
    """Describe `error` by its type and the places it passed. Its message may hold data and is left out."""
    frames = traceback.extract_tb(error.__traceback__)[-5:]
    return {
        "error": type(error).__name__,
        "places": [f"{frame.name}:{frame.filename.rsplit('/', 1)[-1]}:{frame.lineno}" for frame in frames],
    }


def _drop_tracebacks(_logger: Any, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    # Libraries log exceptions with their messages, and those may quote values.
    record = event.get("_record")
    if record is not None and record.exc_info and record.exc_info[1] is not None:
        event.update(where(record.exc_info[1]))
        record.exc_info, record.exc_text = None, None
        event.pop("exc_info", None)
    return event
