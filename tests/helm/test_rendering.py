"""The chart is linted, renders for every value set, and all that it renders is what Kubernetes takes."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import Any

import pytest
import yaml
from tests.support.chart import SOURCE, STAND_IN, VALUE_SETS, Chart, Document, of_kind

pytestmark = [pytest.mark.helm, pytest.mark.xdist_group("helm")]

OLDEST, NEWEST = "1.32", "1.36"
"""The versions of Kubernetes whose schemas everything must fit."""


def test_there_are_the_value_sets_that_the_how_to_names() -> None:
    assert VALUE_SETS == ["kms", "large-rooms", "production", "s3-vault", "trial", "two-projects"]


def test_lint_of_every_value_set_finds_nothing(chart: Chart) -> None:
    sets = [word for name in VALUE_SETS for word in ("--values", str(chart.folder / "ci" / f"{name}.yaml"))]
    for values in zip(sets[::2], sets[1::2], strict=True):
        done = chart.helm("lint", str(chart.folder), "--namespace", "saferoom", "--strict", *values)
        assert done.returncode == 0, done.stdout + done.stderr
        assert "[WARNING]" not in done.stdout + done.stderr


@pytest.mark.parametrize("version", [OLDEST, NEWEST])
def test_every_document_fits_the_strict_schema(chart: Chart, version: str) -> None:
    """Of all value sets; what several render alike is looked at once."""
    rendered = [one for name in VALUE_SETS for one in chart.documents(name)]
    distinct = {json.dumps(one, sort_keys=True): one for one in rendered}
    assert len(distinct) > len(rendered) / len(VALUE_SETS)
    import kubernetes_validate  # not part of set-up

    for one in distinct.values():
        kubernetes_validate.validate(dict(one), version, strict=True)


def test_a_key_that_kubernetes_does_not_know_is_found(documents: Sequence[Document]) -> None:
    import kubernetes_validate

    wrong = json.loads(json.dumps(of_kind(documents, "StatefulSet")[0]))
    wrong["spec"]["template"]["spec"]["readOnlyRootFilesystem"] = True
    with pytest.raises(kubernetes_validate.ValidationError):
        kubernetes_validate.validate(wrong, NEWEST, strict=True)


def test_no_two_documents_have_one_name(documents: Sequence[Document]) -> None:
    names = [(one["kind"], one["metadata"].get("namespace", ""), one["metadata"]["name"]) for one in documents]
    assert len(names) == len(set(names))


def test_what_is_mounted_is_there(documents: Sequence[Document]) -> None:
    """Claims, settings and accounts that pods name are rendered, or are those that the how-to tells to make."""
    made = {(one["kind"], one["metadata"]["name"]) for one in documents}
    by_hand = {"saferoom-keys", "saferoom-tls", "saferoom-database", "saferoom-database-ca", "zone-key"}
    for kind, name in _named(documents):
        assert (kind, name) in made or name in by_hand, (kind, name)


def _named(documents: Any) -> Iterator[tuple[str, str]]:
    found = {"claimName": "PersistentVolumeClaim", "secretName": "Secret", "serviceAccountName": "ServiceAccount"}
    if isinstance(documents, dict):
        for key, value in documents.items():
            if key in found and isinstance(value, str):
                yield found[key], value
            yield from _named(value)
    elif isinstance(documents, list | tuple):
        for value in documents:
            yield from _named(value)


def test_the_sub_chart_is_pinned_and_the_stand_in_is_of_that_version() -> None:
    pinned = yaml.safe_load((SOURCE / "Chart.yaml").read_text())["dependencies"]
    stand_in = yaml.safe_load((STAND_IN / "Chart.yaml").read_text())
    assert [(one["name"], one["version"]) for one in pinned] == [("jupyterhub", stand_in["version"])]
    assert stand_in["description"].startswith("A stand-in")


def _open_objects(schema: Any, path: str = "") -> Iterator[str]:
    if isinstance(schema, dict):
        if "properties" in schema and schema.get("additionalProperties") is not False:
            yield path
        for key, value in schema.items():
            yield from _open_objects(value, f"{path}/{key}")


def test_no_object_of_the_schema_takes_unknown_keys() -> None:
    """But for sections of the sub-chart that are switched off, whose keys are the sub-chart's to know."""
    schema = json.loads((SOURCE / "values.schema.json").read_text())
    assert {path for path in _open_objects(schema) if "/properties/jupyterhub/" not in path} == set()


def test_every_value_is_in_the_schema_with_a_description() -> None:
    schema = json.loads((SOURCE / "values.schema.json").read_text())
    values = yaml.safe_load((SOURCE / "values.yaml").read_text())
    for section, value in values.items():
        assert schema["properties"][section].get("description"), section
        if isinstance(value, dict) and section != "jupyterhub":
            described = schema["properties"][section]["properties"]
            assert {key for key in value if not described[key].get("description")} == set(), section
