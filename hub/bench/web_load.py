"""People who visit, for locust, in locust's own environment: nothing of Saferoom can be imported here.

Started as ``locust -f web_load.py``; what to do is in the JSON file that ``SAFEROOM_BENCH_PLAN`` names, and every
answer's page, milliseconds and status go into the file that ``SAFEROOM_BENCH_ANSWERS`` names.
"""

from __future__ import annotations

import itertools
import json
import os
import random
import time
from pathlib import Path
from typing import Any

from locust import FastHttpUser, events, task

PLAN: dict[str, Any] = json.loads(Path(os.environ["SAFEROOM_BENCH_PLAN"]).read_text(encoding="utf-8"))
_next = itertools.count()
_answers: list[tuple[float, str, float, int]] = []
_started = time.monotonic()


class Visitor(FastHttpUser):  # type: ignore[misc]  # of another environment
    """One person: opens a page, reads it, opens the next."""

    host = PLAN["host"]
    network_timeout = 30.0
    connection_timeout = 30.0
    max_retries = 0

    def on_start(self) -> None:
        person = PLAN["people"][next(_next) % len(PLAN["people"])]
        self.dice = random.Random(person["name"])  # noqa: S311 - no secret
        self.pages = person["pages"]
        self.weights = [page["weight"] for page in self.pages]
        self.cookie = person["cookie"]
        # Nobody begins in the same moment as everybody else.
        time.sleep(self.dice.uniform(0, PLAN["most_pause"]))

    def wait_time(self) -> float:
        """Return how long the page is read, in seconds."""
        return self.dice.uniform(PLAN["least_pause"], PLAN["most_pause"])

    @task  # type: ignore[untyped-decorator]
    def open_page(self) -> None:
        """Open one of the person's pages."""
        page = self.dice.choices(self.pages, self.weights)[0]
        path = self.dice.choice(page["paths"])
        headers = {"Cookie": self.cookie, "Sec-Fetch-Dest": "document", "Sec-Fetch-Site": "same-origin"}
        self.client.get(path, name=page["name"], headers=headers, allow_redirects=False)


@events.request.add_listener  # type: ignore[untyped-decorator]
def note(name: str, response_time: float, response: Any = None, **_more: Any) -> None:
    """Keep one answer; 0 is the status of none."""
    status = getattr(response, "status_code", 0) or 0
    _answers.append((time.monotonic() - _started, name, response_time, status))


@events.quitting.add_listener  # type: ignore[untyped-decorator]
def keep(**_more: Any) -> None:
    """Write down every answer."""
    Path(os.environ["SAFEROOM_BENCH_ANSWERS"]).write_text(json.dumps(_answers), encoding="utf-8")
