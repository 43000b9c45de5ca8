"""In which form logs are written: ``SAFEROOM_LOG_FORMAT``, of the hub and of every service that it starts."""

from __future__ import annotations

import os
from enum import StrEnum

from saferoom.errors import BadInputError

VARIABLE = "SAFEROOM_LOG_FORMAT"


class LogFormat(StrEnum):
    """A line of text, or a JSON document on a line."""

    TEXT = "text"
    JSON = "json"


def log_format(usual: LogFormat) -> LogFormat:
    """Return what ``SAFEROOM_LOG_FORMAT`` says; `usual` where it says nothing.

    Raises
    ------
    BadInputError
        It says something else.
    """
    said = os.environ.get(VARIABLE) or usual.value
    if said not in set(LogFormat):
        raise BadInputError(f"{VARIABLE} must be {' or '.join(LogFormat)}")
    return LogFormat(said)
