"""A chart leaves in the bundle beside the table it was drawn from, and a map knows its boundaries in the evaluator."""

from __future__ import annotations

import io
import json
import zipfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from tests.support.airlock_domain import ANA, SAFE, Domain
from tests.support.extract_world import Workshop, workshop
from tests.support.registry_world import MOB, dataset

from saferoom.disclosure.charts.model import Picture
from saferoom.disclosure.evaluation import Evaluation
from saferoom.errors import BadInputError, IntegrityError
from saferoom.hub.web.airlock import present
from saferoom.projects.airlock.verify import verify_bundle
from saferoom.projects.catalogue.model import Dataset

BARS: dict[str, Any] = {**SAFE, "chart": {"kind": "bar"}}


def test_chart_leaves_signed_and_described_beside_its_table(world: Domain) -> None:
    judged = world.evaluate(BARS)
    assert judged.picture is not None
    request = world.ask([world.record(BARS).id])
    bundle = world.airlock.bundle(ANA, request.id)
    with zipfile.ZipFile(io.BytesIO(bundle)) as archive:
        files = {name: archive.read(name) for name in archive.namelist()}
    assert files["outputs/output-01.png"] == judged.picture.png
    assert files["outputs/output-01.svg"] == judged.picture.svg
    record = json.loads(files["sdc-record.json"])
    paths = [file["path"] for file in record["outputs"][0]["files"]]
    assert paths == [f"outputs/output-01.{suffix}" for suffix in ("csv", "png", "svg", "xlsx")]
    crate = {entity["@id"]: entity for entity in json.loads(files["ro-crate-metadata.json"])["@graph"]}
    assert crate["outputs/output-01.svg"]["encodingFormat"] == "image/svg+xml"
    report = verify_bundle(bundle, world.key.verifying_key)
    assert report.ok, report.problem


def test_output_checkers_see_the_picture_as_an_image_that_loads_nothing(world: Domain) -> None:
    view = present.output(world.evaluate(BARS))
    assert view.picture is not None
    assert view.picture.startswith("data:image/png;base64,")
    assert present.output(world.evaluate(SAFE)).picture is None


def test_changed_picture_is_noticed(world: Domain) -> None:
    bundle = world.airlock.bundle(ANA, world.ask([world.record(BARS).id]).id)
    changed = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(bundle)) as old, zipfile.ZipFile(changed, "w") as new:
        for entry in old.infolist():
            data = old.read(entry.filename)
            new.writestr(entry, data + b" " if entry.filename.endswith(".svg") else data)
    report = verify_bundle(changed.getvalue(), world.key.verifying_key)
    assert not report.ok
    assert "output-01.svg" in report.problem


def test_picture_crosses_the_vault_whole_and_a_damaged_one_is_refused(world: Domain) -> None:
    judged = world.evaluate(BARS)
    assert Evaluation.from_json(judged.to_json()).picture == judged.picture
    with pytest.raises(IntegrityError):
        Evaluation.from_json({**judged.to_json(), "picture": {"svg": "*", "png": "*"}})
    assert Evaluation.from_json(replace(judged, picture=Picture(b"a", b"b")).to_json()).picture == Picture(b"a", b"b")


@pytest.fixture
def shop(tmp_path: Path) -> Workshop:
    return workshop(tmp_path)


def with_boundaries(name: str) -> Dataset:
    plain = dataset()
    areas = next(v for v in plain.variables if v.type.value == "text" and v.role.value not in ("id", "direct"))
    bounded = areas.model_copy(update={"boundaries": name})
    return plain.model_copy(update={"variables": tuple(bounded if v is areas else v for v in plain.variables)})


def square() -> dict[str, Any]:
    ring = [[0, 50], [1, 50], [1, 51], [0, 51], [0, 50]]
    geometry = {"type": "Polygon", "coordinates": [ring]}
    return {"type": "FeatureCollection", "features": [{"properties": {"code": "N"}, "geometry": geometry}]}


def test_boundaries_are_copied_listed_and_checked_with_the_extract(shop: Workshop) -> None:
    (shop.folder / "sources" / "areas.geojson").write_text(json.dumps(square()))
    shop.registry.sets["htv"] = with_boundaries("areas.geojson")
    file = shop.provision().files[0]
    (other,) = file.boundaries.values()
    kept = shop.folder / "extracts" / MOB / other.file
    assert json.loads(kept.read_text()) == square()
    shop.maker.verify(MOB)
    kept.chmod(0o644)
    kept.write_text("{}")
    with pytest.raises(IntegrityError):
        shop.maker.verify(MOB)


def test_boundaries_that_are_none_stop_the_extract(shop: Workshop) -> None:
    shop.registry.sets["htv"] = with_boundaries("areas.geojson")
    with pytest.raises(BadInputError, match=r"areas\.geojson is not in the folder"):
        shop.provision()
    (shop.folder / "sources" / "areas.geojson").write_text("{}")
    with pytest.raises(BadInputError, match="FeatureCollection"):
        shop.provision()


def test_ids_have_no_boundaries() -> None:
    plain = dataset()
    ids = next(v for v in plain.variables if v.role.value == "id")
    with pytest.raises(ValueError, match="cannot have boundaries"):
        type(ids).model_validate_json(json.dumps({**json.loads(ids.model_dump_json()), "boundaries": "a.geojson"}))
