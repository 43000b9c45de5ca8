"""Only a room's own token opens the rooms' API, and it says who and where."""

from __future__ import annotations

from typing import Any

import pytest

from saferoom.errors import ForbiddenError
from saferoom.hub.web.shell.hub_auth import Resident, resident_of

ROOM = {
    "kind": "user",
    "name": "ana",
    "session_id": None,
    "scopes": ["access:servers!server=ana/mobility", "users:activity!user=ana", "access:services!service=airlock"],
}


def test_rooms_token_names_person_and_project() -> None:
    assert resident_of(ROOM) == Resident("ana", "mobility")  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "change",
    [
        {"kind": "service"},
        {"kind": None},
        {"session_id": "a-browser"},
        {"scopes": []},
        {"scopes": None},
        {"scopes": "access:servers!server=ana/mobility"},
        {"scopes": ["access:servers"]},
        {"scopes": ["access:servers!user=ana"]},
        {"scopes": ["access:servers!group=mobility"]},
        {"scopes": ["access:servers!server=ana/mobility", "access:servers!server=ana/income"]},
        {"scopes": ["access:servers!server=ana/mobility", "access:servers!user=ana"]},
        {"scopes": ["access:servers!server=rita/income"]},
        {"scopes": ["access:servers!server=ana/"]},
        {"scopes": ["access:servers!server=ana"]},
        {"scopes": ["access:servers!server=ana/../income"]},
        {"scopes": ["access:servers!server=ana/mobility/income"]},
        {"name": "rita"},
        {"name": None},
    ],
)
def test_any_other_token_is_refused(change: dict[str, Any]) -> None:
    with pytest.raises(ForbiddenError, match="room's own token"):
        resident_of(ROOM | change)
