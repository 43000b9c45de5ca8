"""Notices of every kind, for tests that look at the pages."""

from __future__ import annotations

from tests.support.airlock_server import Service

from saferoom.hub.store.notices_tables import LetterRow
from saferoom.ids import Username


def notices_seen(airlock: Service) -> dict[str, tuple[str, str]]:
    """Return the pages of notices, with something on them: who looks, and where."""
    world = airlock.world
    request = world.request()
    world.instance.airlock.return_to_author(Username("ben"), request.id, "Say more.")
    with world.instance.database.transaction() as session:
        letter = session.query(LetterRow).filter_by(to="cleo").first()
        assert letter is not None
        letter.state, letter.tries = "given-up", 10
        letter.reason = "the mail server does not take the address now (450)"
    return {
        "notices": ("ana", "notices"),
        "notices, none": ("rita", "notices"),
        "notices, nothing unread": ("rita", "notices?only=unread"),
        "how I am told": ("ana", "notices/choose"),
        "letters": ("ada", "notices/letters"),
        "letters, none": ("ada", "notices/letters?state=sent"),
    }
