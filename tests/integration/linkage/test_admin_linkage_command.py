"""``saferoom admin ingest``, ``link`` and ``linkage``: from two deliveries to a refreshed, linked extract."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from tests.support.opened import frame
from tests.support.zones_world import DOCUMENTS, INDEX, people, pupils, taxpayers, write_csv

from saferoom.hub.cli.main import main
from saferoom.hub.home import Home
from saferoom.hub.wiring import Instance
from saferoom.ids import DatasetName, ProjectSlug

KNOWN = people(240)
ENDS = datetime.now(UTC).date() + timedelta(days=90)
PROJECT = f"""\
---
kind: person
username: rosa
display_name: Rosa
roles: [researcher]
accreditation_expires: {ENDS}
training_expires: {ENDS}
---
kind: project
slug: mob
title: Mobility
members: [rosa]
ends: {ENDS}
---
kind: approval
project: mob
dataset: pupils
granted_by: olga
until: {ENDS}
---
kind: approval
project: mob
dataset: taxpayers
granted_by: olga
until: {ENDS}
---
kind: approval
project: mob
dataset: meals
granted_by: olga
until: {ENDS}
"""
Run = Callable[..., Any]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("linkage")
    (made / "data.yaml").write_text(DOCUMENTS + PROJECT)
    (made / "person.yaml").write_text(INDEX)
    write_csv(made / "pupils.csv", pupils(KNOWN[:200]))
    write_csv(made / "tax-1.csv", taxpayers(KNOWN[40:220]))
    write_csv(made / "tax-2.csv", taxpayers(KNOWN[30:]))
    years = [{"pupil_id": row["pupil_id"], "year": 2020, "registered": row["meals"]} for row in pupils(KNOWN[:200])]
    write_csv(made / "meals.csv", years)
    return made


@pytest.fixture
def run(folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    monkeypatch.setenv("SAFEROOM_HOME", str(folder / "home"))

    def command(*words: str, status: int = 0) -> Any:
        monkeypatch.setattr(sys, "stdin", StringIO(""))
        left, _ = 0, capsys.readouterr()
        try:
            main(["admin", *words])
        except SystemExit as leaving:
            left = int(leaving.code or 0)
        out, err = capsys.readouterr()
        assert left == status, (out, err)
        return json.loads(out) if "--json" in words else out + err

    return command


def test_two_deliveries_become_a_linked_extract_that_follows_a_refresh(run: Run, folder: Path) -> None:
    run("apply", str(folder / "data.yaml"), "--yes")
    assert "Nothing was ingested yet" in run("linkage")
    assert "was never ingested" in run("link", "person", "--definition", str(folder / "person.yaml"), status=2)

    said = run("ingest", "pupils", str(folder / "pupils.csv"), "--version", "1", "--period", "2025", "--json")
    assert (said["delivery"]["rows"], said["delivery"]["period"]) == (200, "2025-01-01..2025-12-31")
    assert (said["link"], said["report"]["status"] != "fail") == (["person"], True)
    # Nothing is made of it before it is linked.
    assert "not linked" in said["projects"].get("mob", "not linked")
    assert "saferoom admin link person --definition FILE" in run(
        "ingest", "taxpayers", str(folder / "tax-1.csv"), "--version", "1"
    )
    assert "Ingested: meals 1" in run("ingest", "meals", str(folder / "meals.csv"), "--version", "1")

    said = run("link", "person", "--definition", str(folder / "person.yaml"), "--json")
    assert (said["linkage"]["number"], said["linkage"]["afresh"]) == (1, True)
    counts = said["linkage"]["counts"]
    assert (counts["records"], counts["entities"]) == (380, 220)
    assert said["projects"] == {"mob": "made"}
    first = _checked(folder, taxed=180, shared=160)

    assert "saferoom admin link person\n" in run("ingest", "taxpayers", str(folder / "tax-2.csv"), "--version", "2")
    assert "not linked yet: taxpayers 2" in run("linkage")
    text = run("link", "person")
    assert "compared with what was known" in text
    assert ("Precision and recall are estimated where" in text, "Estimated precision" in text) == (True, False)
    assert "mob: made" in text
    second = _checked(folder, taxed=210, shared=170)
    both = first.merge(second, on="pay", suffixes=("_1", "_2"))
    assert len(both) == 180
    assert (both["person_id_1"] == both["person_id_2"]).all()

    instance = Instance.open(Home(folder / "home"))
    manifest = instance.extracts("system").verify(ProjectSlug("mob"))
    assert {(file.dataset, file.version, file.linkage) for file in manifest.files} == {
        ("pupils", "1", "person 2"),  # no delivery of theirs, yet linked anew
        ("taxpayers", "2", "person 2"),
        ("taxpayers", "1", "person 1"),
        ("meals", "1", None),
    }
    told = {one.dataset: one for one in instance.extract_records.refreshes(ProjectSlug("mob"))}
    instance.close()
    assert told[DatasetName("pupils")].changes == ("linked records: person 1 became person 2",)
    assert set(told) == {"pupils", "taxpayers"}

    status = run("linkage", "--json")
    assert [one["number"] for one in status["indexes"][0]["linkages"]] == [2, 1]
    assert status["indexes"][0]["waiting"] == []
    assert [(one["dataset"], one["version"]) for one in status["deliveries"]] == [
        ("meals", "1"),
        ("pupils", "1"),
        ("taxpayers", "1"),
        ("taxpayers", "2"),
    ]
    assert not any(one["given_name"] in json.dumps(status) for one in KNOWN if len(one["given_name"]) > 3)

    # What the extract of pupils tells of links to taxpayers goes, too, and the command that makes it again is told.
    ended = run("end-approval", "mob", "taxpayers")
    assert "Withdrawn from mob: the extract of pupils, taxpayers." in ended
    assert "To make for pupils: saferoom admin extract mob" in ended


def _checked(folder: Path, taxed: int, shared: int) -> Any:
    """Return the extract of taxpayers, after each person was found to be the same in both registers."""
    home = Home(folder / "home")
    school, tax = frame(home, "mob", "pupils"), frame(home, "mob", "taxpayers")
    assert (len(school), len(tax)) == (200, taxed)
    joined = school.merge(tax, on="person_id", suffixes=("", "_tax"))
    assert len(joined) == shared
    odd = ((joined["pay"] - 1000).astype(int) % 2).astype(bool)
    assert (odd == (joined["region"] == "north")).all()
    assert (joined["sex"] == joined["sex_tax"]).all()
    assert set(joined["match_weight_band"]) <= {"by a key", "15 to 20", "20 and over", "10 to 15"}
    assert joined["linkage_weight"].notna().all()
    alone = school[~school["person_id"].isin(tax["person_id"])]
    assert set(alone["match_weight_band"]) == {"not linked"}
    assert alone["linkage_weight"].isna().all()
    meals = frame(home, "mob", "meals").merge(school, on="pupil_id")
    assert len(meals) == 200
    assert (meals["registered"] == meals["meals"]).all()
    return tax


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("ingest", "nobody", "pupils.csv", "--version", "1"), "there is no dataset called nobody"),
        (("ingest", "pupils", "gone.csv", "--version", "2"), "there is no such file"),
        (("ingest", "pupils", "data.yaml", "--version", "2"), "a delivery is a .csv or .parquet file"),
        (("ingest", "pupils", "pupils.csv", "--version", "../2"), "a version is 1 to 40 letters"),
        (("ingest", "pupils", "pupils.csv", "--version", "2", "--period", "lately"), "--period is a year"),
        (
            ("ingest", "pupils", "pupils.csv", "--version", "2", "--period", "2025-02-01..2024-01-01"),
            "before its first",
        ),
        (("ingest", "pupils", "tax-1.csv", "--version", "2"), "pupil_id"),
        (("link", "household"), "there is no index called household"),
        (("link", "household", "--definition", "person.yaml"), "the definition is of the index person"),
        (("link", "person", "--definition", "data.yaml"), "data.yaml"),
    ],
)
def test_bad_input_is_refused_in_a_sentence(run: Run, folder: Path, words: tuple[str, ...], sentence: str) -> None:
    run("apply", str(folder / "data.yaml"), "--yes")
    before = run("linkage", "--json")
    given = [str(folder / word) if "." in word and "/" not in word and ".." not in word else word for word in words]
    left = 1 if "there is no" in sentence and "file" not in sentence else 2
    assert sentence in run(*given, status=left)
    assert run("linkage", "--json") == before
