"""Exports are what other catalogues' formats demand, hold what is public, and nothing else.

The shapes and the schema are ours, written from the specifications. A broken export fails them.
"""

from __future__ import annotations

import copy
import csv
import io
import json
from collections.abc import Callable
from datetime import UTC, date, datetime
from functools import cache
from pathlib import Path
from typing import Any

import jsonschema  # type: ignore[import-untyped]
import pyshacl
import pytest
import rdflib
from tests.support.catalogue_world import full
from tests.support.registry_world import dataset

from saferoom.ids import DatasetName
from saferoom.projects.catalogue import limits, public
from saferoom.projects.catalogue.exports import FORMATS, table
from saferoom.projects.catalogue.versions import Version

# rdflib reads JSON-LD through a class of its own that it is about to replace.
pytestmark = pytest.mark.filterwarnings("ignore:ConjunctiveGraph is deprecated:DeprecationWarning")
ADDRESS, TITLE = "https://tre.example/register", "Office of Schools"
SUPPORT = Path(__file__).parents[2] / "support"


def version(name: str, day: int, **changes: Any) -> Version:
    return Version(
        dataset=DatasetName("pupils"),
        version=name,
        sha256="5ec2e7" + "a" * 58,
        rows=123_457,
        first=date(2010, 9, 1),
        ingested_at=datetime(2026, 1, day, tzinfo=UTC),
        **changes,
    )


@cache
def _entries() -> str:
    schools = dataset(name="schools")
    pupils = full(
        undisclosed=False,
        description=None,
        references=[{"variables": ["school"], "dataset": "schools", "to": ["person_id"]}],
    )
    find = {"schools": schools, "pupils": pupils}.get
    used = public.Used(("mobility",), 3)
    came = (version("2022", 2, breaking=True, linkage_model="b" * 64), version("2021", 1))
    made = [
        public.entry(one, came if one is pupils else (), used, (), limits.permitted(one, find))
        for one in (pupils, schools)
    ]
    return json.dumps(made)


def entries() -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(_entries())
    return found


def made(name: str, of: list[dict[str, Any]] | None = None) -> dict[str, Any]:
    document: dict[str, Any] = json.loads(FORMATS[name].write(of or entries(), ADDRESS, TITLE))
    return document


@cache
def shapes() -> rdflib.Graph:
    return rdflib.Graph().parse(SUPPORT / "dcat_shapes.ttl")


def conforms(document: dict[str, Any]) -> tuple[bool, str]:
    graph = rdflib.Graph().parse(data=json.dumps(document), format="json-ld")
    conform, _, said = pyshacl.validate(graph, shacl_graph=shapes())
    return bool(conform), str(said)


def node(document: dict[str, Any], id_: str) -> dict[str, Any]:
    return next(one for one in document["@graph"] if one["@id"] == f"{ADDRESS}{id_}")


def test_dcat_ap_export_conforms_to_the_shapes() -> None:
    conform, said = conforms(made("dcat-ap"))
    assert conform, said


@pytest.mark.parametrize(
    "spoil",
    [
        lambda d: node(d, "").pop("dct:title"),
        lambda d: node(d, "").pop("dct:publisher"),
        lambda d: node(d, "").update({"dcat:dataset": []}),
        lambda d: node(d, "#publisher").pop("foaf:name"),
        lambda d: node(d, "#dataset-pupils").pop("dct:description"),
        lambda d: node(d, "#dataset-pupils").update({"dct:title": {"@id": "https://x.example"}}),
        lambda d: node(d, "#dataset-pupils").update({"dct:accessRights": {"@id": "https://x.example/open"}}),
        lambda d: node(d, "#dataset-pupils").update({"dct:source": [{"@id": f"{ADDRESS}#dataset-gone"}]}),
        lambda d: node(d, "#dataset-pupils")["adms:sample"].pop("dcat:accessURL"),
        lambda d: node(d, "#dataset-pupils")["dct:temporal"].update({"dcat:startDate": "some time"}),
        lambda d: node(d, "#dataset-pupils-version-2021").update({"dct:issued": "lately"}),
    ],
)
def test_broken_dcat_ap_export_fails_the_shapes(spoil: Callable[[dict[str, Any]], Any]) -> None:
    document = copy.deepcopy(made("dcat-ap"))
    spoil(document)
    assert not conforms(document)[0]


def test_dcat_ap_export_tells_law_versions_periods_and_origin() -> None:
    document = made("dcat-ap")
    pupils = node(document, "#dataset-pupils")
    assert pupils["dcatap:applicableLegislation"][0]["@id"].endswith("/section/537A")
    assert pupils["dct:accrualPeriodicity"]["@id"].endswith("/frequency/ANNUAL")
    assert [one["skos:prefLabel"]["@value"] for one in pupils["dct:spatial"]][:2] == ["England", "Scotland"]
    assert pupils["dct:source"] == [{"@id": f"{ADDRESS}#dataset-schools"}]
    newest = node(document, "#dataset-pupils-version-2022")
    assert newest["dcat:previousVersion"]["@id"].endswith("#dataset-pupils-version-2021")
    assert "may break" in newest["adms:versionNotes"]["@value"]
    assert "It may be used for" in pupils["dct:description"]["@value"]


def schema() -> dict[str, Any]:
    found: dict[str, Any] = json.loads((SUPPORT / "data_package_schema.json").read_text())
    return found


def test_data_package_conforms_to_its_schema() -> None:
    jsonschema.Draft202012Validator.check_schema(schema())
    jsonschema.validate(made("datapackage"), schema(), jsonschema.Draft202012Validator)
    jsonschema.validate(made("datapackage", entries()[:1]), schema(), jsonschema.Draft202012Validator)


@pytest.mark.parametrize(
    "spoil",
    [
        lambda d: d.pop("resources"),
        lambda d: d.update(resources=[]),
        lambda d: d["resources"][0].pop("name"),
        lambda d: d["resources"][0].pop("data"),
        lambda d: d["resources"][0]["schema"]["fields"][0].update(type="text"),
        lambda d: d["resources"][0]["schema"].update(primaryKey=[]),
        lambda d: d["resources"][0]["schema"]["fields"][2].update(type="boolean"),
    ],
)
def test_broken_data_package_fails_its_schema(spoil: Callable[[dict[str, Any]], Any]) -> None:
    document = made("datapackage")
    spoil(document)
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(document, schema(), jsonschema.Draft202012Validator)


def test_data_package_has_codes_with_labels_keys_and_no_rows() -> None:
    pupils = made("datapackage")["resources"][0]
    fields = {one["name"]: one for one in pupils["schema"]["fields"]}
    assert fields["sex"]["categories"] == [{"value": "F", "label": "female"}, {"value": "M", "label": "male"}]
    assert pupils["data"] == []
    assert pupils["schema"]["foreignKeys"][0]["reference"] == {"resource": "schools", "fields": ["person_id"]}
    # Its key is a direct identifier, which is not named.
    assert "primaryKey" not in pupils["schema"]


def test_schema_org_names_what_is_measured_where_and_when() -> None:
    document = made("schema.org")
    pupils = document["dataset"][0]
    assert (document["@type"], pupils["@type"], pupils["temporalCoverage"]) == (
        "DataCatalog",
        "Dataset",
        "2010-09-01/..",
    )
    assert {one["name"] for one in pupils["variableMeasured"]} == {"sex", "points"}
    assert pupils["dateModified"] == "2026-01-02T00:00:00.000000Z"
    assert pupils["creator"] == [{"@type": "Organization", "name": "Department for Education"}]
    assert 50 <= len(pupils["description"]) <= 5000


def test_table_has_a_line_for_each_variable_and_no_formula() -> None:
    spoiled = entries()
    spoiled[0]["title"] = "=HYPERLINK(1)"
    rows = list(csv.DictReader(io.StringIO(table.to_csv(spoiled).decode())))
    assert [row["variable"] for row in rows if row["dataset"] == "pupils"] == ["person_id", "school", "sex", "points"]
    assert rows[0]["title"] == "'=HYPERLINK(1)"
    assert rows[0]["gateways"] == "Education Act 1996, section 537A"
    assert rows[0]["direct_identifiers"] == "2"


@pytest.mark.parametrize("name", [*FORMATS, "entry", "csv"])
def test_no_form_has_what_is_not_public(name: str) -> None:
    every = {"entry": _entries(), "csv": table.to_csv(entries()).decode()}
    text = every.get(name) or json.dumps(made(name))
    for secret in ("olga", "schools/pupils.csv", "full_name", "upn", "pupil_index", "5ec2e7", "123457", "123,457"):
        assert secret not in text, secret
    assert '"pupil"' not in text
    assert "threshold" not in text


def test_dataset_that_is_hidden_is_named_nowhere() -> None:
    found = public.entry(full(undisclosed=False), (), public.Used(), {"schools"}, ())
    text = json.dumps(found)
    assert found["linked_from_undisclosed"] == 1
    assert (found["linked_from"], found["references"]) == ([], [])
    for made_ in FORMATS.values():
        text += made_.write([found], ADDRESS, TITLE).decode()
    assert '"schools"' not in text
    assert "dataset-schools" not in text


def test_digest_of_the_list_covers_every_entry_its_history_and_what_is_not_named() -> None:
    one, two = (public.digest(entry) for entry in entries())
    base = public.list_digest("0" * 64, {"pupils": one, "schools": two}, 0)
    assert base == public.list_digest("0" * 64, {"schools": two, "pupils": one}, 0)
    others = [
        public.list_digest("1" * 64, {"pupils": one, "schools": two}, 0),
        public.list_digest("0" * 64, {"pupils": two, "schools": two}, 0),
        public.list_digest("0" * 64, {"pupils": one}, 0),
        public.list_digest("0" * 64, {"pupils": one, "schools": two}, 1),
    ]
    assert base not in others
