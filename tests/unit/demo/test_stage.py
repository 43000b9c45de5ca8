"""The stage: everything an administrator would set up, made once and completed again without harm."""

from __future__ import annotations

import json
import stat
from datetime import UTC, date, datetime
from pathlib import Path

import nbformat
import pyotp
import pytest
import yaml
from tests.support.opened import frame

from saferoom.errors import BadInputError, IntegrityError
from saferoom.hub.demo.linked import staging as linked
from saferoom.hub.demo.sign_ins import load
from saferoom.hub.demo.stage import NOTEBOOK, PROJECT, Stage, documents, example_notebook, folder, set_stage
from saferoom.hub.home import Home
from saferoom.hub.store.twins import kept_twin
from saferoom.hub.store.versions import report_of
from saferoom.hub.wiring import Instance
from saferoom.ids import DatasetName, ProjectSlug, Username
from saferoom.projects.people.entitlement import may_enter


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Stage:
    return set_stage(Home(tmp_path_factory.mktemp("demo") / "home"))


def _holding(home: Home, person: str, project: str, at: datetime) -> bool:
    instance = Instance.open(home)
    try:
        return bool(may_enter(instance.registry, Username(person), ProjectSlug(project), at))
    finally:
        instance.close()


def test_owners_files_came_in_with_a_report_of_their_records_and_a_twin(stage: Stage) -> None:
    instance = Instance.open(stage.home)
    try:
        for name in map(DatasetName, ("htv", "twoyear")):
            version = instance.registry.dataset(name).version
            with instance.database.reading() as session:
                twin, found = kept_twin(session, name), report_of(session, name, version)
            assert twin is not None
            assert twin.sha256 is not None
            assert found is not None
            assert found[0].risk is not None
            assert found[0].risk["measured"]
    finally:
        instance.close()


def test_stage_lets_each_researcher_into_the_own_project_alone(stage: Stage) -> None:
    now = datetime.now(UTC)
    entries = {
        (person, project): _holding(stage.home, person, project, now)
        for person in ("rosa", "ravi", "carla", "ada")
        for project in ("educational-mobility", "college-wages")
    }
    allowed = {pair for pair, may in entries.items() if may}
    assert allowed == {("rosa", "educational-mobility"), ("ravi", "college-wages")}


def test_stage_again_changes_nothing(stage: Stage) -> None:
    made = {path: path.stat().st_mtime_ns for path in stage.home.extracts.glob("*/**/*")}
    again = set_stage(stage.home)
    assert again.changes == 0
    assert again.sign_ins == stage.sign_ins
    assert {path: path.stat().st_mtime_ns for path in stage.home.extracts.glob("*/**/*")} == made


def test_stage_again_repairs_a_damaged_extract_and_keeps_the_researchers_notebook(stage: Stage) -> None:
    (extract,) = (stage.home.extracts / PROJECT / "htv").rglob("*.parquet")
    before = frame(stage.home, PROJECT, "htv")
    extract.chmod(0o600)
    extract.write_bytes(b"damaged")
    stage.notebook.write_text("edited")
    set_stage(stage.home)
    assert frame(stage.home, PROJECT, "htv").equals(before)
    assert stage.notebook.read_text() == "edited"


def test_stage_extracts_hold_no_identifier_of_the_owner(stage: Stage) -> None:
    import pyarrow.parquet as pq

    owned = set(pq.read_table(stage.home.sources / "htv.parquet", columns=["person_id"])["person_id"].to_pylist())
    given = frame(stage.home, PROJECT, "htv")["person_id"].tolist()
    assert len(given) == len(owned) == 1230
    assert owned.isdisjoint(map(str, given))


def test_stage_keeps_sign_ins_closed_and_random(stage: Stage, tmp_path: Path) -> None:
    file = folder(stage.home) / "sign-ins.json"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    other = set_stage(Home(tmp_path / "other"))
    rosa = Username("rosa")
    assert other.sign_ins[rosa].password != stage.sign_ins[rosa].password
    assert stage.sign_ins[rosa].password not in repr(stage)
    at = datetime.now(UTC)
    assert stage.sign_ins[rosa].code(at) == pyotp.TOTP(stage.sign_ins[rosa].totp_secret).at(at)


def test_sign_ins_that_are_missing_or_damaged_say_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(BadInputError, match="saferoom demo"):
        load(tmp_path / "none.json")
    (tmp_path / "bad.json").write_text(json.dumps([{"username": "rosa"}]))
    with pytest.raises(IntegrityError, match="--fresh"):
        load(tmp_path / "bad.json")


def test_documents_dates_follow_the_day() -> None:
    texts = documents(date(2030, 1, 1))
    people = {item["username"]: item for item in yaml.safe_load_all(texts["people.yaml"])}
    assert people["rosa"]["accreditation_expires"] == date(2031, 1, 1)
    assert "$" not in "".join(texts.values())


@pytest.mark.parametrize(("name", "refusals"), [(NOTEBOOK, 3), (linked.NOTEBOOK, 1)])
def test_example_notebook_is_clean_and_its_cells_have_names(name: str, refusals: int) -> None:
    notebook = nbformat.from_dict(json.loads(example_notebook(name)))  # type: ignore[no-untyped-call]
    nbformat.validate(notebook)
    cells = [cell for cell in notebook.cells if cell.cell_type == "code"]
    assert all(cell.outputs == [] and cell.execution_count is None for cell in cells)
    assert sum("raises-exception" in cell.metadata.get("tags", []) for cell in cells) == refusals
    assert len({cell.id for cell in notebook.cells}) == len(notebook.cells)
    assert name.endswith(".ipynb")
