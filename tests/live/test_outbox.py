"""A file that is put into the outbox of a real room appears as a draft of whoever put it there, and of nobody else."""

from __future__ import annotations

import time

import pytest
from tests.support.live import Live
from tests.support.live_world import ALPHA
from tests.support.naming import names

from saferoom.ids import ProjectSlug, Username
from saferoom.projects.airlock.model import Request
from saferoom.projects.airlock.states import State

pytestmark = pytest.mark.live

DROP = """
from pathlib import Path
folder = Path("outbox/Regions")
folder.mkdir(exist_ok=True)
(folder / "context.txt").write_text("For the live test of {name}.")
(folder / "regions-{name}.csv").write_text("region,count\\nnorth,310\\nsouth,290\\n")
print("DROPPED", sorted(path.name for path in folder.iterdir()))
"""
TELL = "import saferoom; print([(one.file, one.became) for one in saferoom.outbox()])"
SECONDS = 40


def drafts(live: Live, name: str) -> list[Request]:
    found = live.instance.airlock.requests_of(Username(name), ProjectSlug(ALPHA))
    return [request for request in found if request.state is State.DRAFT]


def dropped(live: Live, name: str) -> Request:
    """Put a file into the outbox and return the draft that it becomes, with the group's words."""
    said = live.room(name, ALPHA).execute(DROP.format(name=name)).text
    assert "DROPPED" in said, said
    deadline = time.monotonic() + SECONDS
    while True:
        for draft in drafts(live, name):
            (group,) = draft.groups
            if draft.outputs and group.context:
                return draft
        assert time.monotonic() < deadline, live.room(name, ALPHA).execute(TELL).text
        time.sleep(0.5)


def test_outbox_is_a_folder_of_the_file_browser(live: Live) -> None:
    room = live.room("ana", ALPHA)
    room.execute("open('outbox/from-a-notebook.txt', 'w').write('Twelve regions.')")
    listed = room.request("GET", "api/contents/outbox")
    assert listed.status_code == 200, listed.text
    assert "from-a-notebook.txt" in {entry["name"] for entry in listed.json()["content"]}
    room.execute("import os; os.remove('outbox/from-a-notebook.txt')")
    note = room.execute("print(open('outbox/WHAT-HAPPENED.txt').read())").text
    assert "Nobody else sees it" in note


def test_dropped_file_becomes_a_draft_of_whoever_dropped_it(live: Live) -> None:
    for name in ("ana", "cleo"):
        draft = dropped(live, name)
        assert [output.title for output in draft.outputs] == [f"regions-{name}.csv"]
        assert draft.groups[0].name == "Regions"
        assert draft.groups[0].context == f"For the live test of {name}."
        assert draft.author == name
    said = live.room("ana", ALPHA).execute(TELL).text
    assert "('Regions/regions-ana.csv', 'drafted')" in said
    assert not names(said, "cleo")
    removed = "import shutil; shutil.rmtree('outbox/Regions')"
    live.room("ana", ALPHA).execute(removed)
    time.sleep(3)
    (draft,) = drafts(live, "ana")
    assert len(draft.outputs) == 1
