"""A finalised ACRO session as a release request, over the real socket, evaluator and file check; and written anew."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from tests.support.airlock_server import Service

import saferoom
from saferoom.digests import sha256
from saferoom.disclosure.verdict import Verdict
from saferoom.hub.notebook import RoomError

RECORDS = b"person_id,region,wage\n" + b"".join(b"%d,north,%d.5\n" % (900_000 + n, 10 + n) for n in range(40))
OUTPUTS: dict[str, tuple[str, bytes, str]] = {
    "output_0": ("t = acro.crosstab(df.education, df.region)", b"education,north\n9,50\n", "pass"),
    "output_1": ("t = acro.pivot_table(df, values='wage', index='education', aggfunc='mean')", b"x", "fail"),
    "output_2": ("custom", b"group,share\nall,0.5\n", "pass"),
    "output_3": ("custom", RECORDS, "pass"),
}


@pytest.fixture
def room(airlock: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SAFEROOM_AIRLOCK", str(airlock.rooms))
    monkeypatch.setenv("JUPYTERHUB_API_TOKEN", airlock.room().token)


def session(folder: Path, names: tuple[str, ...] = tuple(OUTPUTS)) -> Path:
    """Write a session as ACRO 1.0.2 does, every status of it forged."""
    files = {f"{name}_0.csv": OUTPUTS[name][1] for name in names}
    results: dict[str, Any] = {
        name: {
            "uid": name,
            "status": OUTPUTS[name][2],
            "type": "table",
            "properties": {},
            "files": [{"name": f"{name}_0.csv", "sdc": {}}],
            "outcome": {},
            "command": OUTPUTS[name][0],
            "summary": "pass",
            "comments": ["Counts for the paper."] if name == "output_0" else [],
            "exception": "",
        }
        for name in names
    }
    files["results.json"] = json.dumps({"version": "1.0.2", "results": results}).encode()
    files["config.json"] = b"{}"
    for name, data in list(files.items()):
        files[f"checksums/{name}.txt"] = sha256(data).encode()
    for name, data in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(data)
    return folder


def test_commands_are_computed_again_and_other_outputs_go_as_files(room: None, tmp_path: Path) -> None:
    found = saferoom.acro(session(tmp_path / "out"), source="survey")
    counted, mean, custom, records = found
    # Region has a small category: what ACRO called a pass is none, and what it called a failure is none either.
    assert [result.verdict for result in counted.results] == [Verdict.FAIL]
    assert [result.verdict for result in mean.results] == [Verdict.PASS]
    assert [file.verdict for file in custom.files] == [Verdict.REVIEW]
    assert [file.verdict for file in records.files] == [Verdict.FAIL]
    assert "computed again (fail)" in repr(found)
    assert "goes as a file" in found._repr_html_()


def test_safe_session_is_released_as_one_request(room: None, tmp_path: Path) -> None:
    found = saferoom.acro(session(tmp_path / "out", ("output_1", "output_2")), source="survey")
    submission = found.release(title="Session", context="For the mobility paper.", controls="As ACRO asks.")
    assert submission.state == "submitted"
    assert len(submission.document["outputs"]) == 2


def test_written_session_reads_back_as_the_same_statistics(room: None, tmp_path: Path) -> None:
    result = saferoom.mean("wage", by="education", source="survey")
    folder = saferoom.write_acro([result], tmp_path / "written")
    record = json.loads((folder / "results.json").read_bytes())["results"]["output_0"]
    assert record["status"] == "pass"
    assert (folder / "output_0_0.csv").read_text().splitlines()[0] == "education,mean"
    with pytest.raises(RoomError, match="exists already"):
        saferoom.write_acro([result], folder)


@pytest.mark.parametrize(("source", "says"), [(None, "say which dataset"), ("nowhere", "no dataset")])
def test_dataset_must_be_known(room: None, tmp_path: Path, source: str | None, says: str) -> None:
    with pytest.raises(RoomError, match=says):
        saferoom.acro(session(tmp_path / "out"), source=source)


def test_other_folders_are_refused(room: None, tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("a\n1\n")
    with pytest.raises(RoomError, match=r"results\.json"):
        saferoom.acro(tmp_path, source="survey")
    with pytest.raises(RoomError, match="takes the folder"):
        saferoom.acro(tmp_path / "a.csv", source="survey")
