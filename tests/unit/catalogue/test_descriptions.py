"""Datasets described with everything there is; what contradicts itself is refused with its field."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
from tests.support.catalogue_world import FULL, full, variables
from tests.support.registry_world import dataset

from saferoom.errors import BadInputError
from saferoom.ids import DatasetName
from saferoom.projects.administration.documents import read_entries
from saferoom.projects.administration.written import to_yaml
from saferoom.projects.catalogue.model import Dataset
from saferoom.projects.catalogue.purposes import Purpose
from saferoom.projects.catalogue.versions import Version


def test_description_says_what_the_file_has_and_what_linking_fills() -> None:
    described = full()
    assert described.indexes == ("person",)
    assert [one.name for one in described.delivered] == ["school", "pupil", "upn", "sex", "points"]


def test_documents_written_from_the_registry_are_read_as_the_same() -> None:
    version = Version(
        dataset=DatasetName("pupils"),
        version="2021",
        sha256="a" * 64,
        rows=10,
        first=date(2021, 1, 1),
        breaking=True,
        ingested_at=datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC),
        linkage_model="b" * 64,
    )
    written = to_yaml([full(), dataset(), version])
    records = [entry.record for entry in read_entries([(written, "catalogue.yaml")])]
    assert records == [full(), dataset(), version]
    assert to_yaml([full(), dataset(), version]) == written


def test_description_without_the_new_fields_is_what_it_was() -> None:
    plain = dataset()
    assert (plain.gateways, plain.gaps, plain.refresh, plain.key, plain.undisclosed) == ((), (), None, (), False)
    assert plain.delivered == plain.variables


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"key": ["person_id"]}, "'key' names, once each, variables that the owner's file has"),
        ({"key": ["pupil", "pupil"]}, "'key' names, once each"),
        ({"gaps": [{"what": "x", "variables": ["nothing"]}]}, "'gaps' names 'nothing'"),
        ({"gaps": [{"what": "x", "first": "2020-01-02", "last": "2020-01-01"}]}, "the last day of a gap is before"),
        ({"references": [{"variables": ["x"], "dataset": "schools"}]}, "'references' names 'x'"),
        ({"references": [{"variables": ["school"], "dataset": "pupils"}]}, "to other datasets, not to this one"),
        ({"references": [{"variables": ["school"], "dataset": "s", "to": ["a", "b"]}]}, "as many variables"),
        ({"nations": ["GB-ENG", "GB-ENG"]}, "'nations' names a nation twice"),
        ({"nations": ["England"]}, "an ISO 3166 code"),
        ({"nations": ["GB-ENG"]}, "'sex' is mapped for GB-SCT, which 'nations' does not name"),
        ({"refresh": {"frequency": "never", "next": "2027-01-01"}}, "'frequency: never' says that none comes"),
        ({"refresh": {"frequency": "yearly", "keep_versions": 0}}, "at least 1 and at most 20"),
        ({"variables": variables(role="sensitive")}, "'sex' identifies, so its role must be direct or quasi"),
        ({"variables": variables(labels={"X": "other"})}, "labels of 'sex' are of a code that its"),
        ({"variables": variables(codelist=["F"], labels=None)}, "is of a code that its codelist lacks"),
        ({"variables": variables(linked_through="person")}, "so its role must be id and its type text"),
        ({"variables": variables(carries="person")}, "so its role must be direct and its type text"),
        (
            {"variables": variables(harmonised={"concept": "S", "definition": "d", "codes": {"9": "x"},
             "mapping": {"GB-ENG": {"F": "2"}}})},
            "leads to a code that the harmonised codes do not have",
        ),
        (
            {"variables": [{"name": "person_id", "type": "text", "role": "id", "linked_through": "person",
             "column": "x"}, *FULL["variables"][1:]]},
            "so it is no column of the owner's file",
        ),
    ],
)  # fmt: skip
def test_description_that_contradicts_itself_is_refused_with_line_and_sentence(
    changes: dict[str, Any], said: str
) -> None:
    document = json.dumps({"kind": "dataset", **FULL, **changes})
    with pytest.raises(BadInputError) as caught:
        read_entries([(document, "f.yaml")])
    assert said in caught.value.message
    assert "f.yaml, line 1" in caught.value.message


def test_linked_dataset_needs_something_that_identifies() -> None:
    bare = [one for one in FULL["variables"] if one["name"] not in ("pupil", "upn", "sex")]
    with pytest.raises(BadInputError, match="none says what it identifies"):
        read_entries(
            [
                (
                    json.dumps(
                        {"kind": "dataset", **FULL, "variables": bare, "key": [], "gaps": [], "risk_appetite": {}}
                    ),
                    "f.yaml",
                )
            ]
        )


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"sha256": "A" * 64}, "a SHA-256 digest"),
        ({"rows": -1}, "at least 0"),
        ({"ingested_at": "2026-01-01T00:00:00"}, "'ingested_at' needs a zone"),
        ({"first": "2026-02-01", "last": "2026-01-01"}, "the last day of a version is before its first"),
        ({"version": "../x"}, "letters, digits, dots"),
    ],
)
def test_version_that_makes_no_sense_is_refused(changes: dict[str, Any], said: str) -> None:
    values = {"kind": "version", "dataset": "htv", "version": "1", "sha256": "a" * 64, "rows": 1}
    values |= {"ingested_at": "2026-01-01T00:00:00Z"} | changes
    with pytest.raises(BadInputError, match=said):
        read_entries([(json.dumps(values), "f.yaml")])


def test_example_of_the_guide_is_a_document() -> None:
    guide = Path(__file__).parents[3] / "docs" / "how-to" / "describe-and-deliver.md"
    example = guide.read_text(encoding="utf-8").split("```yaml\n")[1].split("```")[0]
    (entry,) = read_entries([(example, "guide.yaml")])
    assert isinstance(entry.record, Dataset)
    assert entry.record.gateways[0].excluded == (Purpose.HEALTH,)
