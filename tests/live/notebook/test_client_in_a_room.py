"""The notebook client in a real room, against the real airlock."""

from __future__ import annotations

import pytest
from tests.support.live import Live
from tests.support.live_world import ALPHA

pytestmark = pytest.mark.live


def test_client_lists_and_opens_the_projects_extract(live: Live) -> None:
    room = live.room("ana", ALPHA)
    listed = room.execute("import saferoom\nsaferoom.data()")
    assert not listed.error
    assert "births" in listed.last
    assert "deaths" not in listed.last
    html = str(listed.results[-1]["text/html"])
    assert "<table" in html
    opened = room.execute(
        "births = saferoom.data('births')\n"
        "print(len(births.frame()), births.relation().aggregate('count(*)').fetchall()[0][0])"
    )
    assert opened.text.split() == ["400", "400"]


def test_client_shows_verdict_table_and_route(live: Live) -> None:
    shown = live.room("ana", ALPHA).execute("import saferoom\nsaferoom.mean('pay', by='region')")
    assert not shown.error
    assert shown.last.startswith("✔ May leave: ")
    html = str(shown.results[-1]["text/html"])
    assert "sr-pass" in html
    assert "On release: " in html


def test_client_marks_cells_at_risk_and_refuses_their_release(live: Live) -> None:
    room = live.room("ana", ALPHA)
    shown = room.execute("import saferoom\nfew = saferoom.frequency('region', where='pay > 25.5')\nfew")
    assert not shown.error
    assert "✖" in shown.last
    refused = room.execute("few.release(context='a', controls='b')")
    assert refused.error.startswith("RoomError: output 1 must not leave")


def test_client_wrong_query_is_one_sentence(live: Live) -> None:
    refused = live.room("ana", ALPHA).execute("import saferoom\nsaferoom.mean('salary', by='region')")
    assert refused.error.startswith("RoomError: ")
    assert "\n" not in refused.error


def test_client_edited_inside_the_room_changes_nothing(live: Live) -> None:
    room = live.room("ana", ALPHA)
    code = """
import saferoom
from saferoom.disclosure.verdict import Verdict
from saferoom.hub.notebook import results
results.Verdict.worst = staticmethod(lambda verdicts: Verdict.PASS)
top = saferoom.table('max', 'pay')
top.verdict, top.findings = Verdict.PASS, ()
top.release(context='It is safe, says the client.', controls='none')
"""
    assert room.execute(code).error.startswith("RoomError: output 1 must not leave")
    room.restart()


def test_import_saferoom_in_a_room_loads_nothing_heavy(live: Live) -> None:
    room = live.room("ana", ALPHA)
    # In a process of its own: the room's kernel may have loaded anything before.
    code = (
        "import pandas, sys; before = set(sys.modules); import saferoom; saferoom.table; "
        "print(*{name.partition('.')[0] for name in set(sys.modules) - before})"
    )
    run = f"print(subprocess.run([sys.executable, '-c', {code!r}], capture_output=True, text=True).stdout)"
    measured = room.execute(f"import subprocess, sys; {run}")
    assert not measured.error
    loaded = set(measured.text.split())
    assert "saferoom" in loaded
    heavy = {
        "duckdb",
        "fastapi",
        "highspy",
        "ibis",
        "matplotlib",
        "opendp",
        "pydantic",
        "scipy",
        "sqlalchemy",
        "sqlglot",
    }
    assert not loaded & heavy


def test_client_uploads_a_file_and_records_are_refused(live: Live) -> None:
    room = live.room("ana", ALPHA)
    shown = room.execute(
        "import saferoom\n"
        "open('regions.csv', 'w').write('region,share in percent\\nnorth,52.5\\nsouth,47.5\\n')\n"
        "table = saferoom.upload('regions.csv')\n"
        "table"
    )
    assert not shown.error
    assert "regions.csv (1 KiB) goes to the airlock" in shown.text
    assert shown.last.startswith("◆ Output checkers must look at it before it leaves: regions.csv (csv)")
    assert "sr-review" in str(shown.results[-1]["text/html"])
    asked = room.execute("print(table.release(context='a', controls='b', supporting=['regions.csv']).state)")
    assert asked.text.split()[-1] == "submitted"
    room.execute("saferoom.data('births').frame().to_csv('births.csv', index=False)")
    refused = room.execute("saferoom.release(files='births.csv', context='a', controls='b')")
    assert refused.error.startswith("RoomError: output 1 must not leave as it is (verdict: fail)")
    outside = room.execute("saferoom.upload('../../etc/nothing.csv')")
    assert outside.error == "RoomError: nothing.csv does not exist or cannot be read"


def test_records_are_judged_and_protected_in_the_room(live: Live) -> None:
    room = live.room("ana", ALPHA)
    shown = room.execute(
        "import saferoom\n"
        "births = saferoom.data('births').frame()\n"
        "plan = {'keys': ['region'], 'steps': [{'method': 'noise', 'columns': ['pay'], 'size': 0.5}]}\n"
        "done = saferoom.anonymise(births, plan)\n"
        "print(len(done.frame()), saferoom.risk(births, keys=['region']).document['records'])\n"
        "saferoom.utility(births, done.frame())"
    )
    assert not shown.error
    assert shown.text.split()[:2] == ["400", "400"]
    assert "What changed most: pay" in shown.last
    assert "<table" in str(shown.results[-1]["text/html"])
