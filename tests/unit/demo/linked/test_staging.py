"""The linked project's documents fit each other, and what it tells of a linkage is what the linkage's papers say."""

from __future__ import annotations

from datetime import date
from importlib import resources
from types import SimpleNamespace
from typing import Any

import pytest

from saferoom.hub.demo.linked import staging
from saferoom.hub.demo.linked.preparing import FILES, REFRESHED
from saferoom.hub.demo.stage import documents
from saferoom.hub.demo.steps import Step, StepError
from saferoom.hub.linkage.definition import Index, plan_of, read_index
from saferoom.projects.administration.documents import Entry, read_entries
from saferoom.projects.approvals.model import Project
from saferoom.projects.catalogue.model import Dataset


@pytest.fixture(scope="module")
def entries() -> list[Entry]:
    texts = documents(date(2026, 1, 1))
    return list(read_entries((texts[name], name) for name in (*staging.DATASETS, *staging.PROJECTS)))


@pytest.fixture(scope="module")
def datasets(entries: list[Entry]) -> dict[str, Dataset]:
    return {entry.record.name: entry.record for entry in entries if isinstance(entry.record, Dataset)}


@pytest.fixture(scope="module")
def index() -> Index:
    text = (resources.files("saferoom.hub.demo") / "documents/linked-index.yaml").read_text(encoding="utf-8")
    return read_index(text, "linked-index.yaml")


def test_index_links_the_registers_of_people_by_what_they_share(index: Index, datasets: dict[str, Dataset]) -> None:
    plan = plan_of(index, datasets)
    assert set(index.sources) == {name for name, one in datasets.items() if one.indexes and one.derived is None}
    assert set(plan.fields) == {"given_name", "surname", "date_of_birth", "sex", "postcode", "address"}
    assert set(REFRESHED) <= set(FILES) == {name for name, one in datasets.items() if one.derived is None}


def test_everything_that_identifies_is_a_direct_identifier_or_sex(datasets: dict[str, Dataset]) -> None:
    for dataset in datasets.values():
        kinds = {v.identifies for v in dataset.variables if v.identifies is not None and v.role != "direct"}
        assert kinds <= {"sex"}
        assert not [v.name for v in dataset.variables if v.role == "direct" and dataset.derived is not None]


def test_project_has_a_purpose_that_every_gateway_permits(entries: list[Entry], datasets: dict[str, Dataset]) -> None:
    (project,) = (entry.record for entry in entries if isinstance(entry.record, Project))
    approved = [str(getattr(entry.record, "dataset")) for entry in entries if entry.kind == "approval"]  # noqa: B009
    assert len(approved) == 4
    for wanted in approved:
        dataset = datasets[wanted]
        for name in (dataset.name, *dataset.linked_from):
            assert any(not gateway.refused(project.purposes) for gateway in datasets[name].gateways)


def test_what_linking_loses_is_the_first_sentence_of_its_papers() -> None:
    def linkage(*sentences: str) -> Any:
        pack = {"sentences": [{"text": text} for text in sentences], "precision": {"value": 0.99}, "recall": None}
        return SimpleNamespace(quality={"identifiers": pack, "attributes": {}})

    step = Step("quality")
    assert staging._loses(step, linkage("Some are lost.", "Others, too.")) == "Some are lost."
    assert staging._loses(step, linkage()) == "no group is lost more often than others"
    assert staging._estimates(linkage().quality["identifiers"]) == "; estimated precision 0.990"
    assert staging._estimates({"precision": None, "recall": None}) == ""


def test_project_without_its_extracts_is_told() -> None:
    instance: Any = SimpleNamespace(extracts=lambda _: SimpleNamespace(lacking=lambda _: ("schools_years",)))
    with pytest.raises(StepError, match="the project lacks schools_years"):
        staging._expect_all(Step("look"), instance)
