"""Tables that are protected, and a memory that reaches over projects."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from pathlib import Path

from saferoom.hub.demo import checking
from saferoom.hub.demo.pages import Pages
from saferoom.hub.demo.steps import Steps
from saferoom.hub.drive import HubSession, Room

# Turnover of businesses: every row and column has two cells at risk, and yet their blanks alone would give one away.
_TABLE = """region,branch,value
north,food,30
north,wood,47
north,steel,64
north,other,89
south,food,90
south,wood,124
south,steel,5
south,other,31
east,food,92
east,wood,100
east,steel,59
east,other,85
west,food,800
west,wood,991
west,steel,651
west,other,685
"""
_SPECIFICATION = """dimensions: [region, branch]
value: value
primary: [[north, food], [north, wood], [north, steel], [south, food], [south, steel], [east, wood], [east, other],
  [west, wood], [west, other]]
protection: {width: 5}
"""
_LONGEST_SECONDS = 60

# Data that both projects may use; its owner lets nothing leave without a person.
_ASK = """
shared_request = saferoom.frequency("region", source="twoyear").release(
    title="Where they went to school",
    context="The sample by region, for the appendix.",
    controls="Four large groups.",
)
print(shared_request.id)
"""
_SAME_BUT_A_FEW = """
import json, saferoom
found = saferoom.frequency("region", where="experience_months > 8", source="twoyear")
print(json.dumps({"verdict": found.verdict.value, "rules": [f.rule for f in found.findings], "shown": repr(found)}))
"""


def on_the_command_line(steps: Steps) -> None:
    """Protect an aggregated table with ``saferoom suppress`` and look at every interval."""
    with steps.step("protect an aggregated table on the command line") as step, tempfile.TemporaryDirectory() as folder:
        table, specification = Path(folder) / "table.csv", Path(folder) / "table.yaml"
        table.write_text(_TABLE, encoding="utf-8")
        specification.write_text(_SPECIFICATION, encoding="utf-8")
        command = [sys.executable, "-P", "-m", "saferoom.hub.cli.main", "suppress", table, "--spec", specification]
        done = subprocess.run(
            [*map(str, command), "--json"], capture_output=True, text=True, timeout=_LONGEST_SECONDS, check=False
        )
        step.expect(done.returncode == 0, f"it ended with status {done.returncode}: {done.stderr.strip()[-200:]}")
        cells = json.loads(done.stdout)["cells"]
        named = [cell for cell in cells if cell["status"] == "u"]
        step.expect(len(named) == 9, f"{len(named)} cells are named primary, not 9")
        widths = [high - low for low, high in (cell["interval"] for cell in named) if None not in (low, high)]
        step.expect(all(width >= 5 for width in widths), "an attacker knows a cell too closely")
        more = sum(cell["status"] == "x" for cell in cells)
        step.note = f"9 cells at risk and {more} more are hidden; none can be told to within 5"


def across_projects(steps: Steps, room: Room, checkers: tuple[HubSession, HubSession], other: Room) -> None:
    """Release a table from one project, and ask for nearly the same one from another."""
    with steps.step("the researcher asks for a table of data that another project uses too") as step:
        output = room.execute(_ASK)
        step.expect(not output.error, output.error)
        request = output.text.split()[-1]
    with steps.step("both output checkers approve it, as its owner demands") as step:
        for checker, done in zip(checkers, ("voted", "released"), strict=True):
            pages = Pages(checker.http)
            page = checking.from_queue(step, pages, request)
            sent = pages.send(page, page.form("/vote"), choice="approved", comment="Four large groups.")
            step.expect(sent.url.endswith(f"?done={done}"), f"the page does not say that it was {done}")
    with steps.step("refused: the same table without a few people, from the other project") as step:
        output = other.execute(_SAME_BUT_A_FEW)
        step.expect(not output.error, output.error)
        found = json.loads(output.text)
        step.expect(found["verdict"] == "fail", f"the verdict is {found['verdict']}")
        step.expect("differencing" in found["rules"], f"the findings are {found['rules']}")
        told = [words for words in ("Where they went", request, "educational-mobility") if words in found["shown"]]
        step.expect(not told, "the other project is told about the first one's release")
        step.note = "what was released is remembered over projects, and not told"
