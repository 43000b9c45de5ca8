"""How long things are kept: ``retention.yaml`` in the instance's home. Without it nothing is ever deleted by itself.

Vocabulary
----------
unneeded
    Nothing that is registered names it any more. Days count from when that was first seen, which is in the audit trail.
hold
    Somebody said with a reason that it must stay, for a court or an inquiry; it stays until the hold is ended.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from saferoom.policies.models import PolicyModel

Days = Annotated[int, Field(ge=0, le=36500)]


class RetentionSettings(PolicyModel):
    """What is deleted, and after how long.

    Attributes
    ----------
    sources_days : int or None
        Data owners' files below `sources` that no dataset names any more: days after that was seen. None keeps them.
    deliveries_days : int or None
        Deliveries of linked data that a newer one took the place of: days after that was seen. None keeps them.
    drafts_days : int or None
        Drafts that were never submitted: days after the last change. None keeps them.
    logs_days : int or None
        Log files below the home's `hub`: days after something was written to one. None keeps them.
    backups_days : int or None
        How old a backup may become before it is said that it should be destroyed. None says so of none.
    workspaces : bool
        Sealed workspaces of closed projects, when the days that the platform's document gives them are over.
    by_itself : bool
        Housekeeping does it; otherwise ``saferoom admin retention --apply`` alone.
    """

    kind: Literal["retention"]
    sources_days: Days | None = None
    deliveries_days: Days | None = None
    drafts_days: Annotated[int, Field(ge=1, le=36500)] | None = None
    logs_days: Annotated[int, Field(ge=1, le=36500)] | None = None
    backups_days: Days | None = None
    workspaces: bool = False
    by_itself: bool = False
