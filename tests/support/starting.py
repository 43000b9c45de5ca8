"""What people hear of a room that starts or waits, as their browsers do."""

from __future__ import annotations

import json
import threading
import time

from saferoom.hub.drive import HubSession

LONGEST_SECONDS = 60.0


class Heard:
    """What the hub tells somebody whose room is starting, as their browser hears it."""

    def __init__(self, session: HubSession, project: str) -> None:
        self.words: list[str] = []
        self._where = f"users/{session.username}/servers/{project}/progress"
        self._session = session
        threading.Thread(target=self._listen, daemon=True).start()

    def _listen(self) -> None:
        headers = {"Accept": "text/event-stream"}
        with self._session.http.stream("GET", f"/hub/api/{self._where}", headers=headers, timeout=90.0) as answer:
            for line in answer.iter_lines():
                if line.startswith("data: "):
                    self.words.append(json.loads(line[6:]).get("message", ""))

    def until(self, words: str) -> None:
        """Wait until the hub has said `words`."""
        deadline = time.monotonic() + LONGEST_SECONDS
        while not any(words in said for said in self.words):
            assert time.monotonic() < deadline, self.words
            time.sleep(0.1)


def pending(session: HubSession) -> set[str]:
    """Return the projects whose rooms are on the way."""
    servers = session.api("GET", f"users/{session.username}").json()["servers"]
    return {name for name, one in servers.items() if one.get("pending") == "spawn"}


def until_pending(session: HubSession, project: str) -> None:
    """Wait until the room of `project` is on the way."""
    deadline = time.monotonic() + LONGEST_SECONDS
    while project not in pending(session):
        assert time.monotonic() < deadline
        time.sleep(0.1)


def until_running(session: HubSession, project: str) -> None:
    """Wait until the room of `project` runs."""
    deadline = time.monotonic() + LONGEST_SECONDS
    while not session.running(project):
        assert time.monotonic() < deadline
        time.sleep(0.1)
