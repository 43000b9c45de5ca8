"""What this process counts as it happens, in Prometheus' terms.

No label is what somebody wrote: each is a word of this code, so that their number is bounded and nothing leaves by
them. There is no label of a person, a dataset or a column.
"""

from __future__ import annotations

from enum import StrEnum

from prometheus_client import CollectorRegistry, Counter, Histogram

REGISTRY = CollectorRegistry()
"""Not the library's own, which JupyterHub shows at ``/hub/metrics``."""
_CHECK_SECONDS = (0.1, 0.25, 0.5, 1, 2.5, 5, 10, 20, 40, 60, 120)
_ANSWER_SECONDS = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 60)


class Check(StrEnum):
    """What is judged."""

    STATISTIC = "statistic"
    FILE = "file"


class Signal(StrEnum):
    """What a room or a page in it does when somebody tries the doors; each also happens by mistake, rarely."""

    UNKNOWN_TOKEN = "unknown-token"  # noqa: S105
    """A token that the hub does not know, at the rooms' door: made up, or of a room that has ended."""
    FOREIGN_TOKEN = "foreign-token"  # noqa: S105
    """A token that is known and no room's own, at the rooms' door."""
    NOT_ENTITLED = "not-entitled"
    """A room's own token, of somebody who may not be in that room any more."""
    UNKNOWN_ADDRESS = "unknown-address"
    """The rooms' door was asked for what is not there."""
    TOO_LARGE = "too-large"
    """More bytes than the rooms' door reads."""
    TOO_SLOW = "too-slow"
    """A request to the rooms' door that did not arrive in time."""
    TOO_MANY = "too-many"
    """More calls of one person than are plenty, or more evaluations than may wait."""
    TOO_MANY_CONNECTIONS = "too-many-connections"
    """More connections of one project's rooms than are allowed."""
    SCRIPTED_PAGE = "scripted-page"
    """A page that opens in a window of its own was asked for by a script, a frame or an image."""
    FOREIGN_FORM = "foreign-form"
    """A form that came from none of our pages."""


CHECKS = Counter("saferoom_checks", "Checks that ended, by verdict.", ["kind", "verdict"], registry=REGISTRY)
CHECK_SECONDS = Histogram(
    "saferoom_check_seconds", "From asking for a check to its end.", ["kind"], buckets=_CHECK_SECONDS, registry=REGISTRY
)
SIGNALS = Counter(
    "saferoom_escape_signals", "What somebody who tries the doors would do.", ["signal"], registry=REGISTRY
)
ANSWERS = Counter("saferoom_answers", "Requests that were answered.", ["face", "status"], registry=REGISTRY)
ANSWER_SECONDS = Histogram(
    "saferoom_answer_seconds", "From a request to its answer.", ["face"], buckets=_ANSWER_SECONDS, registry=REGISTRY
)
REFRESHES = Counter("saferoom_extract_refreshes", "Projects' extracts made anew.", ["outcome"], registry=REGISTRY)
CHORES_FAILED = Counter("saferoom_chores_failed", "Chores that failed; they are tried again.", registry=REGISTRY)
TRAIL = Counter("saferoom_audit_events", "Events in the audit trail since the start.", ["action"], registry=REGISTRY)
ROOMS_ENDED = Counter("saferoom_rooms_ended", "Rooms that ended since the start.", ["reason"], registry=REGISTRY)

# From the start on, so that the first one is seen as a rise.
for _signal in Signal:
    SIGNALS.labels(_signal)
for _action in ("sign-in.forged", "sign-in.failed", "security-key.doubted"):
    TRAIL.labels(_action)
for _outcome in ("made", "failed"):
    REFRESHES.labels(_outcome)

_AT_THE_ROOMS_DOOR = {413: Signal.TOO_LARGE, 408: Signal.TOO_SLOW, 429: Signal.TOO_MANY}


def signal(which: Signal) -> None:
    """Count one of `which`."""
    SIGNALS.labels(which).inc()


def answered(face: str, status: int, seconds: float, *, known: bool) -> None:
    """Count the answer to a request.

    Parameters
    ----------
    known : bool
        Whether there is anything at the address.
    """
    ANSWERS.labels(face, str(status)).inc()
    ANSWER_SECONDS.labels(face).observe(seconds)
    if face == "rooms":
        found = _AT_THE_ROOMS_DOOR.get(status) or (Signal.UNKNOWN_ADDRESS if status == 404 and not known else None)
        if found is not None:
            signal(found)


def refreshed(made: bool) -> None:
    """Count an attempt to make a project's extracts."""
    REFRESHES.labels("made" if made else "failed").inc()
