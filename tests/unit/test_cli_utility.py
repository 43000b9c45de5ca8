"""``saferoom utility``, ``risk-utility`` and the report of ``anonymise``: files in, numbers and pages out."""

from __future__ import annotations

import json
import signal
from pathlib import Path
from typing import Any

import pytest
from tests.support.before_after import noisy, people
from typer.testing import CliRunner

from saferoom.errors import BadInputError, UnavailableError
from saferoom.hub.cli.main import build
from saferoom.hub.records import protection

PLAN = "keys: [region, sex]\nweight: grossing\nsteps:\n  - {method: local_suppression, k: 3}\n"
STRONGER = PLAN.replace("k: 3", "k: 40")
NOISE = "keys: [region, sex]\nweight: grossing\nsteps:\n  - {method: noise, columns: [pay], size: 0.5}\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    frame = people(300)
    frame.loc[0, "region"] = "Secretisle"
    frame.to_csv(tmp_path / "people.csv", index=False)
    noisy(frame, 0.3).to_csv(tmp_path / "after.csv", index=False)
    frame.head(200).to_csv(tmp_path / "twin.csv", index=False)
    frame.assign(region=None).to_csv(tmp_path / "empty.csv", index=False)
    for name, text in {"a.yaml": PLAN, "b.yaml": STRONGER, "c.yaml": NOISE, "typing.yaml": f"kyes: []\n{PLAN}"}.items():
        (tmp_path / name).write_text(text)
    return tmp_path


def run(folder: Path, *words: str, status: int = 0) -> str:
    there = [str(folder / word) if word.endswith((".csv", ".yaml", ".html")) else word for word in words]
    result = CliRunner().invoke(build(words[0]), there, catch_exceptions=False)
    assert result.exit_code == status
    return result.stdout


def left(folder: Path) -> set[str]:
    return {file.name for file in folder.iterdir()}


def test_utility_prints_one_document(folder: Path) -> None:
    words = ("--weight", "grossing", "--keys", "region,sex", "--regression", "pay ~ age + sex", "--json")
    document = json.loads(run(folder, "utility", "people.csv", "after.csv", *words))
    assert document["corresponding"] is True
    assert document["columns"]["pay"]["lost"] > 0.05
    assert document["columns"]["region"]["lost"] == pytest.approx(0.0, abs=1e-9)
    assert document["regressions"][0]["overlap"] < 1.0
    assert "Secretisle" not in json.dumps(document)


def test_people_read_the_verdict_and_a_table(folder: Path) -> None:
    said = run(folder, "utility", "people.csv", "after.csv")
    assert "compared record by record" in said
    assert "What changed most: pay" in said
    assert "IL1s: " in said


@pytest.mark.parametrize("words", [("people.csv", "twin.csv"), ("people.csv", "after.csv", "--synthetic")])
def test_other_records_are_not_paired(folder: Path, words: tuple[str, ...]) -> None:
    document = json.loads(run(folder, "utility", *words, "--json"))
    assert document["corresponding"] is False
    assert document["information_lost"] is None


def test_a_page_is_written_for_its_owner_alone(folder: Path) -> None:
    run(folder, "utility", "people.csv", "after.csv", "--report", "report.html")
    page = folder / "report.html"
    assert page.read_text().startswith("<!DOCTYPE html>")
    assert page.stat().st_mode & 0o077 == 0


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("utility", "people.csv", "nowhere.csv"), "nowhere.csv"),
        (("utility", "people.csv", "after.csv", "--weight", "no_weight"), "no_weight"),
        (("utility", "people.csv", "after.csv", "--keys", "regoin"), "regoin"),
        (("utility", "people.csv", "after.csv", "--regression", "pay by age"), "OUTCOME ~ COLUMN"),
        (("utility", "people.csv", "after.csv", "--regression", "pay ~ age, cox"), "ols, logit, poisson"),
        (("utility", "people.csv", "after.csv", "--regression", "region ~ age"), "numbers or two categories"),
        (("utility", "empty.csv", "after.csv", "--keys", "region"), "keys: every value of 'region' is missing"),
        (("utility", "empty.csv", "after.csv", "--regression", "region ~ age"), "every value of 'region' is missing"),
        (("utility", "people.csv", "after.csv", "--report", "report.yaml"), "must end in .html"),
        (("risk-utility", "people.csv", "typing.yaml"), "^no plan can be done: typing.yaml: line 1: unknown key"),
        (("risk-utility", "people.csv", "a.yaml", "--risk", "luck"), "there are expected, largest, linked, below"),
        (("risk-utility", "people.csv", "a.yaml", "a.yaml"), "named twice"),
        (("anonymise", "people.csv", "a.yaml", "--out", "out.csv", "--report", "no/r.html"), "there is no folder"),
    ],
)
def test_bad_input_is_a_sentence_and_writes_nothing(folder: Path, words: tuple[str, ...], said: str) -> None:
    before = left(folder)
    with pytest.raises(BadInputError, match=said) as caught:
        run(folder, *words)
    assert "Secretisle" not in caught.value.message
    assert left(folder) == before


def test_a_map_marks_plans_that_no_other_beats(folder: Path) -> None:
    (folder / "broken.yaml").write_text("keys: [")
    (folder / "wrong.yaml").write_text(PLAN.replace("region", "nowhere", 1))
    (folder / "limited.yaml").write_text(NOISE + "limits: {k: 3}\n")
    plans = ("a.yaml", "b.yaml", "c.yaml", "broken.yaml", "wrong.yaml", "limited.yaml")
    document = json.loads(run(folder, "risk-utility", "people.csv", *plans, "--json", "--report", "map.html"))
    found: dict[str, dict[str, Any]] = {one["plan"]: one for one in document["plans"]}
    assert [name for name, one in found.items() if one["failed"]] == ["broken.yaml", "wrong.yaml", "limited.yaml"]
    assert "limits do not hold" in found["limited.yaml"]["failed"]
    assert "first plan" in found["wrong.yaml"]["failed"]
    assert found["b.yaml"]["risk"]["largest"] < found["a.yaml"]["risk"]["largest"] < document["risk_before"]["largest"]
    assert [found[name]["unbeaten"] for name in ("a.yaml", "b.yaml", "c.yaml")] == [True, True, False]
    assert "Secretisle" not in json.dumps(document)
    assert "map.html" in left(folder)


def test_other_measures_are_other_maps(folder: Path) -> None:
    words = ("risk-utility", "people.csv", "a.yaml", "c.yaml", "--risk", "below", "--loss", "distances")
    said = run(folder, *words)
    assert "IL1s" in said
    assert "below" in said
    assert "What changed most: pay" in said


def test_where_no_plan_can_be_done_nothing_is_mapped(folder: Path) -> None:
    (folder / "broken.yaml").write_text("keys: [")
    with pytest.raises(BadInputError, match=r"no plan can be done: broken\.yaml"):
        run(folder, "risk-utility", "people.csv", "broken.yaml", "--report", "map.html", "--seed", "seed.yaml")
    assert not {"map.html", "seed.yaml"} & left(folder)


def test_anonymise_writes_records_and_page_together(folder: Path) -> None:
    said = run(folder, "anonymise", "people.csv", "b.yaml", "--out", "out.csv", "--report", "report.html")
    assert "What changed most" in said
    assert {"out.csv", "report.html"} <= left(folder)
    assert (folder / "report.html").stat().st_mode & 0o077 == 0


@pytest.mark.parametrize("how", ["broken", "killed"])
def test_a_page_that_fails_leaves_neither(folder: Path, how: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def failing(*_: object) -> str:
        if how == "killed":
            signal.raise_signal(signal.SIGTERM)
        raise RuntimeError("Secretisle")

    monkeypatch.setattr(protection, "protection_page", failing)
    before = left(folder)
    words = ("anonymise", "people.csv", "a.yaml", "--out", "out.csv", "--report", "report.html", "--seed", "seed.yaml")
    if how == "killed":
        run(folder, *words, status=128 + signal.SIGTERM)
    else:
        with pytest.raises(UnavailableError, match="nothing was written") as caught:
            run(folder, *words)
        assert "Secretisle" not in caught.value.message
    assert left(folder) == before


def test_out_and_report_cannot_be_one_file(folder: Path) -> None:
    (folder / "same.html").symlink_to(folder / "people.csv")
    with pytest.raises(BadInputError, match="name another file"):
        run(folder, "utility", "people.csv", "after.csv", "--report", "same.html")
