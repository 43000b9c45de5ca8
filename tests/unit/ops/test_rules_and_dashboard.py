"""The alert rules and the dashboard parse, and name only what is exported; every word in them is one that can be."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal

import promql_parser
import pytest
import yaml
from prometheus_client import CollectorRegistry, ProcessCollector
from pydantic import BaseModel, ConfigDict, Field
from tests.support.airlock_world import world
from tests.support.watching import gauges_of

from saferoom.hub.evaluator.turns import Turns
from saferoom.hub.watching.counts import REGISTRY, Check, Signal
from saferoom.hub.watching.gauges import Gauges
from saferoom.projects.airlock.states import Party, State
from saferoom.projects.notices.model import LetterState

ROOT = Path(__file__).resolve().parents[3]
RULES = ROOT / "ops" / "prometheus" / "alerts.yaml"
DASHBOARD = ROOT / "ops" / "grafana" / "saferoom.json"
OF_PROMETHEUS = {"up"}


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class _Labels(_Strict):
    severity: Literal["warning", "critical"]


class _Annotations(_Strict):
    summary: str = Field(min_length=10, max_length=100)
    description: str = Field(min_length=10)


class _Rule(_Strict):
    alert: str = Field(pattern="^Saferoom[A-Z][A-Za-z]+$")
    expr: str
    for_: str = Field("0s", alias="for", pattern="^[1-9][0-9]*[smhd]$")
    labels: _Labels
    annotations: _Annotations


class _Group(_Strict):
    name: str
    rules: list[_Rule] = Field(min_length=1)


class _File(_Strict):
    groups: list[_Group] = Field(min_length=1)


def rules() -> list[_Rule]:
    return [rule for group in _File.model_validate(yaml.safe_load(RULES.read_text())).groups for rule in group.rules]


def dashboard() -> Any:
    return json.loads(DASHBOARD.read_text())


def asked() -> list[str]:
    """Return every expression of both files."""
    shown = [target["expr"] for panel in dashboard()["panels"] for target in panel.get("targets", ())]
    return [*(rule.expr for rule in rules()), *shown]


def selectors(node: Any) -> Iterator[tuple[str, list[tuple[str, str, str]]]]:
    """Yield every series that an expression selects, with its labels, as (label, operator, value)."""
    if isinstance(node, promql_parser.VectorSelector):
        assert node.name is not None
        yield node.name, [(one.name, str(one.op), one.value) for one in node.matchers.matchers]
    elif isinstance(node, promql_parser.MatrixSelector):
        yield from selectors(node.vector_selector)
    elif isinstance(node, promql_parser.BinaryExpr):
        yield from selectors(node.lhs)
        yield from selectors(node.rhs)
    elif isinstance(node, promql_parser.Call):
        for one in node.args:
            yield from selectors(one)
    elif isinstance(node, promql_parser.AggregateExpr | promql_parser.ParenExpr | promql_parser.UnaryExpr):
        yield from selectors(node.expr)
    else:
        assert isinstance(node, promql_parser.NumberLiteral | promql_parser.StringLiteral), type(node)


@pytest.fixture(scope="module")
def exported(tmp_path_factory: pytest.TempPathFactory) -> dict[str, set[str]]:
    """Every series that an instance exports, with the names of its labels."""
    with world(tmp_path_factory.mktemp("ops")) as place:
        gauges = gauges_of(place.instance, place.home.run / "rooms")
        gauges.verification.once()
        turns = {kind: Turns(1, 1, 1) for kind in Check}
        whole = Gauges(place.instance, gauges.readiness, gauges.verification, turns, gauges.rooms)
        process = CollectorRegistry()
        ProcessCollector(registry=process)
        found: dict[str, set[str]] = {}
        for family in [*whole.collect(), *REGISTRY.collect(), *process.collect()]:
            names = {
                "counter": [f"{family.name}_total"],
                "histogram": [f"{family.name}_{part}" for part in ("bucket", "sum", "count")],
            }
            for name in names.get(family.type, [family.name]):
                found[name] = {label for sample in family.samples for label in sample.labels}
        return found


def test_every_rule_and_panel_parses_and_names_what_is_exported(exported: dict[str, set[str]]) -> None:
    for expression in asked():
        for name, _ in selectors(promql_parser.parse(expression)):
            assert name in exported or name in OF_PROMETHEUS, expression


def test_every_word_of_a_label_is_one_that_there_can_be() -> None:
    known = {
        "state": {*map(str, State), *map(str, LetterState)},
        "party": set(map(str, Party)),
        "signal": set(map(str, Signal)),
        "kind": set(map(str, Check)),
        "part": {"data", "keys"},
        "outcome": {"made", "failed"},
        "status": {"500"},
        "action": {"request.released", "sign-in.failed", "sign-in.forged", "security-key.doubted"},
        "job": {"saferoom"},
    }
    for expression in asked():
        for _, matchers in selectors(promql_parser.parse(expression)):
            for label, _, value in matchers:
                assert set(value.split("|")) <= known[label], expression


def test_every_rule_is_told_of_in_the_guide_and_no_other() -> None:
    guide = (ROOT / "docs" / "how-to" / "watch.md").read_text()
    assert set(re.findall(r"`(Saferoom[A-Za-z]+)`", guide)) == {rule.alert for rule in rules()}


def test_everything_exported_is_told_of_in_the_guide_and_no_other(exported: dict[str, set[str]]) -> None:
    guide = (ROOT / "docs" / "how-to" / "watch.md").read_text()
    ours = {
        re.sub("_(bucket|sum|count)$", "", name)
        for name in exported
        if name.startswith("saferoom_") and not name.endswith("_created")
    }
    assert set(re.findall(r"`(saferoom_[a-z_]+)", guide)) == ours


def test_summaries_name_labels_that_the_series_have(exported: dict[str, set[str]]) -> None:
    for rule in rules():
        for label in re.findall(r"\$labels\.(\w+)", rule.annotations.summary):
            names = [name for name, _ in selectors(promql_parser.parse(rule.expr))]
            # Labels of counters that nothing was counted of are those of their declaration.
            assert all(label in exported[name] or not exported[name] for name in names), rule.alert


def test_panels_have_places_of_their_own_and_the_source_that_was_chosen() -> None:
    found = dashboard()
    assert [one["name"] for one in found["templating"]["list"]] == ["source"]
    taken: set[tuple[int, int]] = set()
    ids = [panel["id"] for panel in found["panels"]]
    assert len(set(ids)) == len(ids)
    for panel in found["panels"]:
        at = panel["gridPos"]
        cells = {(x, y) for x in range(at["x"], at["x"] + at["w"]) for y in range(at["y"], at["y"] + at["h"])}
        assert not cells & taken, panel["title"]
        assert at["x"] + at["w"] <= 24
        taken |= cells
        assert panel["type"] == "row" or {one["datasource"]["uid"] for one in panel["targets"]} == {"${source}"}


@pytest.mark.skipif(shutil.which("promtool") is None, reason="promtool is Debian's package prometheus")
def test_prometheus_itself_takes_the_rules() -> None:
    done = subprocess.run(["promtool", "check", "rules", str(RULES)], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
