"""The microdata benchmark: parts run on small files, compare with published results, and say what is not there."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from tests.support.record_tables import FRANCDAT_KEYS, francdat

from saferoom.errors import BadInputError, UnavailableError
from saferoom.hub.bench import (
    microdata,
    microdata_contestant,
    microdata_perturbation,
    microdata_protection,
    microdata_risk,
    microdata_world,
)
from saferoom.hub.bench.measure import Run
from saferoom.hub.bench.microdata_reference import Check, Reference, named, pairs
from saferoom.hub.bench.microdata_risk_reference import _francdat
from saferoom.hub.cli.main import main


def test_small_files_are_measured_and_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(microdata_risk, "REPEATS", 1)
    monkeypatch.setattr(microdata_protection, "REPEATS", 1)
    monkeypatch.setattr(microdata_perturbation, "WORKS", {"mdav": (3_000,)})
    monkeypatch.setattr(microdata, "sdcmicro", lambda: (None, "R is not installed here"))
    result = microdata.run(3_000, lambda _: None)
    found = {one["work"]: one for one in result["parts"]["risk"]["results"]}
    assert set(found) == {"frequencies", "suda"}
    assert found["frequencies"]["numbers"]["uniques"] > 0
    assert found["frequencies"]["sdcmicro"] is None
    said: list[str] = []
    microdata.report(result, said.append)
    assert said[0] == "R is not installed here."
    assert any("3,000" in line for line in said)
    assert microdata.page(result).startswith("# How fast records are judged")
    assert json.dumps(result)


def test_work_inside_and_outside_of_memory_computes_the_same(tmp_path: Path) -> None:
    file = microdata_world.write(5_000, tmp_path)
    inside = microdata_contestant.frequencies(file)[1]
    outside = microdata_contestant.counted(file)[1]
    for name in ("uniques", "risk", "keys"):
        assert inside[name] == pytest.approx(outside[name])
    assert microdata_contestant.suda(file)[1]["score"] > 0
    assert microdata_world.write_csv(file).stat().st_size > 50_000


def test_contestants_that_differ_are_not_compared() -> None:
    own, other = (Run({"suda": 1.0}, 1.0, 1.0, {"score": score}) for score in (100.0, 101.0))
    with pytest.raises(UnavailableError, match="differ in 'score'"):
        microdata_risk._check_same("suda", own, other)
    microdata_risk._check_same("suda", own, own)


def test_times_of_this_run_are_preferred_to_published_ones() -> None:
    one: dict[str, Any] = {
        "work": "suda",
        "records": 100_000,
        "saferoom": {"seconds": {"suda": 0.5}, "own_mib": 1.0},
        "data_mib": 1.0,
        "sdcmicro": None,
        "published_seconds": 1.7,
    }
    (goal,) = microdata_risk._goals([one])
    assert goal["holds"]
    assert "published" in goal["promise"]
    (goal,) = microdata_risk._goals([{**one, "sdcmicro": {"seconds": {"suda": 0.9}}}])
    assert not goal["holds"]
    assert "in this run" in goal["promise"]


def test_published_results_are_compared_number_by_number() -> None:
    # sdcMicro 5.8.1 on the eight records of the published example.
    published: dict[str, Any] = {
        "names": ["Key1", "Key2", "Key3", "Key4", "w"],
        "keyVars": [1, 2, 3, 4],
        "fk": [2, 2, 2, 1, 1, 1, 1, 2],
        "Fk": [110, 84.5, 84.5, 17, 541, 8, 5, 110],
        "suda2": {
            "score": [0, 0, 0, 8, 6, 4, 8, 0],
            "disScore": [0, 0, 0, 0.01421348632459, 0.01010601501209, 0.006236840350408, 0.01421348632459, 0],
        },
        "suda2_notoriginal": {
            "score": [0, 0, 0, 2.25, 1.75, 1, 2.25, 0],
            "disScore": [0, 0, 0, 0.01492088283482, 0.01107927942773, 0.005691484115387, 0.01492088283482, 0],
        },
    }
    published["rk_approx"] = published["rk_exact"] = [
        *(0.01714426159629, 0.02204232618326, 0.02204232618326, 0.1770758340035),
        *(0.01165448014601, 0.2970630773828, 0.4023594781085, 0.01714426159629),
    ]
    assert tuple(published["names"][:4]) == FRANCDAT_KEYS
    checks = list(_francdat(francdat(), published))
    assert len(checks) == 64
    assert all(one.holds for one in checks)
    wrong = {**published, "fk": [2, 2, 2, 1, 1, 1, 2, 2]}
    assert [one.name for one in _francdat(francdat(), wrong) if not one.holds] == ["francdat f[7]"]


def test_checks_hold_to_their_digits_only() -> None:
    assert Check("a", 9.831092653, 9.831090921, 1e-6).holds
    assert not Check("a", 9.8312, 9.831090921, 1e-6).holds
    assert [one.holds for one in pairs("b", [1, 2], [1, 3])] == [True, False]
    assert next(named("c", {"x": 1.0}, [{"variable": "x", "contribution": 1.0}])).holds


def test_a_folder_without_published_results_is_a_sentence(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(BadInputError, match=r"holds no sdc\.json"):
        Reference(tmp_path)
    (tmp_path / "sdc.json").write_text("{", encoding="utf-8")
    with pytest.raises(BadInputError, match="cannot be read as JSON"):
        Reference(tmp_path).values()
    for words, said in (
        (["bench", "microdata", "--reference", str(tmp_path / "nowhere")], "holds no sdc.json"),
        (["bench", "tables", "--reference", str(tmp_path)], "needs the benchmark that has published results"),
    ):
        with pytest.raises(SystemExit) as caught:
            main(words)
        assert caught.value.code == 2
        assert said in capsys.readouterr().err


def test_r_without_sdcmicro_is_said_plainly(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert "R is not installed" in str(microdata.sdcmicro()[1])
    script = tmp_path / "Rscript"
    script.write_text("#!/bin/sh\nexit 1\n", encoding="utf-8")
    script.chmod(0o755)
    assert "R has no sdcMicro" in str(microdata.sdcmicro()[1])
    script.write_text("#!/bin/sh\nexit 0\n", encoding="utf-8")
    assert microdata.sdcmicro() == (str(script), None)
