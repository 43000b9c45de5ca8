"""Link plans: what they need, and a sentence for each thing that is wrong in one."""

from __future__ import annotations

import json
from typing import Any

import pytest
from tests.support.linkage import plan_of

from saferoom.errors import BadInputError
from saferoom.projects.linkage.plan import Engine, FieldKind, Form, key_of, read_plan

TWO = plan_of("a", "b")


def test_plan_of_the_contract_is_read_with_every_key() -> None:
    plan = read_plan(
        """
datasets: [{name: a, file: x/a.csv, id: rid}, {name: b, file: b.parquet, id: nr, columns: {dob: born}}]
fields: {given: given_name, name: surname, dob: date, pc: postcode, addr: address, sex: sex, nhs: id, town: text}
link_type: link
one_to_one: true
threshold: 0.9
engine: spark
groups: [region]
passes: [[nhs, dob], [{column: name, form: sound}, dob]]
blocking: [[dob], [name, {column: pc, form: area}]]
""",
        "plan.yaml",
    )
    assert (plan.engine, plan.one_to_one, plan.threshold) == (Engine.SPARK, True, 0.9)
    assert plan.fields["town"] is FieldKind.TEXT
    assert plan.datasets[1].column("dob") == "born"
    assert plan.datasets[0].column("dob") == "dob"
    assert plan.passes is not None
    assert [key_of(part).form for part in plan.passes[1]] == [Form.SOUND, Form.WHOLE]


def test_plan_without_threshold_links_at_95_percent() -> None:
    assert read_plan(json.dumps(TWO), "p.json").least_probability == 0.95


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"threshold": 1.5}, "'threshold' must be a number, above 0 and at most 1"),
        ({"threshold": 0}, "'threshold' must be a number, above 0"),
        ({"threshold": "high"}, "'threshold' must be a number"),
        ({"fields": {"dob": "birthday"}}, "'fields.dob' must be one of given_name, surname"),
        ({"fields": {}}, "'fields' must be"),
        ({"fields": {"sex": "sex"}}, "sex alone does not"),
        ({"engine": "oracle"}, "'engine' must be one of duckdb, spark"),
        ({"link_type": "merge"}, "'link_type' must be one of link, dedupe"),
        ({"link_type": "dedupe"}, "'link_type: dedupe' takes one dataset"),
        ({"one_to_one": "yes"}, "'one_to_one' must be true or false"),
        ({"one_to_one": True, "many_to_one": True}, "cannot both be true"),
        ({"threshold": 0.9, "precision": 0.99}, "give 'threshold' or 'precision'"),
        ({"thresold": 0.9}, "unknown key 'thresold' (did you mean 'threshold'?)"),
        ({"datasets": []}, "'datasets' must be a list"),
        ({"datasets": [TWO["datasets"][0]]}, "'link_type: link' takes two datasets or more"),
        ({"datasets": [TWO["datasets"][0]] * 2}, "two datasets have the same name"),
        ({"groups": ["x", "x"]}, "'groups' names a column twice"),
        ({"passes": [["nhs"]]}, "'passes' names the column 'nhs', which 'fields' does not have"),
        ({"blocking": [[{"column": "dob", "form": "sound"}]]}, "a date has no form 'sound'; it has whole, year"),
        ({"blocking": [[]]}, "'blocking[1]' must be"),
        ({"fields": {"Dob": "date", "dob": "date"}}, "differ by capital letters only"),
        ({"fields": {"record_id": "id"}}, "cannot be called 'record_id'"),
        ({"fields": {"rid": "id"}}, "the id column 'rid' of 'a' cannot be one of the fields"),
        ({"limits": {"pairs": 0}}, "'limits.pairs' must be a whole number, at least 1"),
        ({"seed": -1}, "'seed' must be a whole number, at least 0"),
    ],
)
def test_wrong_plan_is_refused_with_line_and_field(change: dict[str, Any], said: str) -> None:
    with pytest.raises(BadInputError) as caught:
        read_plan(json.dumps({**TWO, **change}, indent=1), "p.json")
    assert said in caught.value.message
    assert caught.value.message.startswith("p.json, line ")


def test_renaming_of_an_unknown_column_is_refused() -> None:
    datasets = [{**TWO["datasets"][0], "columns": {"nothing": "x"}}, TWO["datasets"][1]]
    with pytest.raises(BadInputError, match="renames 'nothing', which no field or group is"):
        read_plan(json.dumps({**TWO, "datasets": datasets}), "p.json")


@pytest.mark.parametrize("text", ["", "- a\n", "datasets: [", "a: 1\na: 2\n", "x: !!python/object:os.system y\n"])
def test_text_that_is_no_plan_is_refused(text: str) -> None:
    with pytest.raises(BadInputError, match=r"p\.yaml"):
        read_plan(text, "p.yaml")
