"""Risk, protection and utility of a researcher's own frames."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from tests.support.before_after import noisy, people

import saferoom
from saferoom.hub.notebook.errors import RoomError

PLAN = "keys: [region, sex]\nsteps:\n  - {method: local_suppression, k: 30}\n"


def test_risk_is_told_in_words_and_tables() -> None:
    shown = saferoom.risk(people(), keys=["region", "sex", "age"], weight="grossing")
    assert shown.document["below_k"]["2"] > 0
    assert "records below k = 2" in repr(shown)
    assert "<table" in shown._repr_html_()
    assert saferoom.risk(people(), keys="region").document["keys"] == ["region"]


def test_whatever_the_command_measures_is_measured_of_a_frame_too() -> None:
    frame = people()
    counts = frame.groupby(["region", "sex"], as_index=False, dropna=False).size().assign(n=lambda f: 3 * f["size"])
    shown = saferoom.risk(
        frame,
        ["region", "sex"],
        sensitive="education",
        ks=[40],
        subsets=["region", ["region", "sex"]],
        explain=1,
        population=counts.dropna(),
        count="n",
        original=frame.assign(pay=frame["pay"] + 1.0),
        numbers=["pay"],
    )
    assert shown.document["basis"] == "population counts"
    assert [one["keys"] for one in shown.document["subsets"]] == [["region"], ["region", "sex"]]
    assert shown.document["perturbed"]["linked_by_distance"] > 0.5
    said = repr(shown)
    for words in (
        "below k = 40",
        "on region alone, below k = 2",
        "perturbed numbers linked by ranks",
        "records whose key tells it",
    ):
        assert words in said
    assert saferoom.risk(frame, "age", weight="grossing", exact=True, model="main").document["model"] is not None
    strict = saferoom.risk(frame, "region", alpha=0.0)
    assert strict.document["below_k"]["5"] >= saferoom.risk(frame, "region").document["below_k"]["5"]


def test_special_uniques_are_explained_in_a_room_as_well() -> None:
    shown = saferoom.risk(people(60), keys=["region", "sex", "age"], explain=2)
    assert sum(sentence.startswith("unique on ") for sentence in shown.sentences) == 2
    assert "contributes to special uniques" in shown._repr_html_()


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({"alphaa": 0.5}, "cannot be asked for 'alphaa'; did you mean alpha"),
        ({"count": "n"}, "it needs population"),
        ({"numbers": ["pay"]}, "go together"),
        ({"population": "counts.csv"}, "records are a pandas frame here"),
        ({"model": "best"}, "there is no 'best'"),
        ({"subsets": [["pay"]]}, "no key variable pay"),
        ({"ks": [6000]}, "there are only 600 records"),
        ({"alpha": 2}, "alpha: a number between 0 and 1"),
    ],
)
def test_what_cannot_be_asked_of_a_frame_is_one_sentence(more: dict[str, Any], said: str) -> None:
    with pytest.raises(RoomError, match=said):
        saferoom.risk(people(), ["region", "sex"], **more)


def test_regressions_of_the_users_are_compared() -> None:
    frame = people()
    shown = saferoom.utility(frame, noisy(frame, 0.5), regressions="pay ~ age + sex")
    assert 0 < shown.document["regressions"][0]["overlap"] < 1
    with pytest.raises(RoomError, match="regressions: write OUTCOME"):
        saferoom.utility(frame, frame, regressions=["pay by age"])


def test_a_plan_is_a_dictionary_a_text_or_a_file(tmp_path: Path) -> None:
    (tmp_path / "plan.yaml").write_text(PLAN)
    frame = people(120)
    as_dict = {"keys": ["region", "sex"], "steps": [{"method": "local_suppression", "k": 30}]}
    for plan in (PLAN, tmp_path / "plan.yaml", str(tmp_path / "plan.yaml"), as_dict):
        found = saferoom.anonymise(frame, plan)
        made = found.frame()
        assert isinstance(made, pd.DataFrame)
        assert found.document["risk"]["after"]["below_k"]["5"] == 0
        assert made["region"].isna().sum() + made["sex"].isna().sum() > 0
    assert frame.equals(people(120)), "the frame given stays as it is"
    assert "1     local_suppression  " in repr(found), "words are flush left"
    assert "records below k = 5" in repr(found)
    assert repr(found).startswith("120 records protected in 1 step\n")
    assert "What changed most" in found.utility._repr_html_()


def test_utility_compares_rows_of_frames_of_one_length() -> None:
    frame = people()
    assert saferoom.utility(frame, noisy(frame, 0.5)).document["corresponding"] is True
    assert saferoom.utility(frame, frame, corresponding=False).document["information_lost"] is None
    shown = saferoom.utility(frame, people(100), keys=["region"], weight="grossing")
    assert shown.document["corresponding"] is False
    assert "beside 600" in repr(shown)


def test_what_is_wrong_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(RoomError, match="regoin"):
        saferoom.risk(people(), keys=["regoin"])
    with pytest.raises(RoomError, match="cannot be read"):
        saferoom.anonymise(people(), str(tmp_path / "nowhere.yaml"))
    with pytest.raises(RoomError, match="unknown method"):
        saferoom.anonymise(people(), PLAN.replace("local_suppression", "magic"))
    for plan in (7, None, ["keys"]):
        with pytest.raises(RoomError, match="a plan is a dictionary, its YAML text, or the file"):
            saferoom.anonymise(people(), plan)
    for keys in (None, 7, [7]):
        with pytest.raises(RoomError, match="columns are given by their names"):
            saferoom.risk(people(), keys)
    with pytest.raises(RoomError, match="no column in common"):
        saferoom.utility(people()[["sex"]], people()[["age"]])


def test_names_are_no_markup() -> None:
    frame = people(60).rename(columns={"region": "<b>region"})
    assert "<b>region" not in saferoom.utility(frame, frame)._repr_html_()


def test_what_is_no_frame_is_told_in_a_sentence() -> None:
    frame, said = people(60), "records are a pandas frame here"
    with pytest.raises(RoomError, match=said):
        saferoom.risk("people.csv", keys=["region"])
    with pytest.raises(RoomError, match=said):
        saferoom.anonymise(None, PLAN)
    with pytest.raises(RoomError, match=said):
        saferoom.utility(frame, frame.iterrows())
