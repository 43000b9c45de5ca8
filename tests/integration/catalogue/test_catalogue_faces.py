"""The public list and the catalogue as browsers, programs and terminals meet them; nothing confidential gets out."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.support.airlock_server import Browser, Service, service
from tests.support.airlock_world import world
from tests.support.api_client import client
from tests.support.catalogue_world import described

from saferoom.hub.cli.main import main
from saferoom.projects.administration.documents import read_entries
from saferoom.projects.administration.written import to_yaml
from saferoom.projects.register.model import CATALOGUE_TYPE
from saferoom.signing import VerifyingKey

SECRETS = (
    "dora",
    "Dora",
    "schools/pupils.csv",
    "upn",
    "secret_existence",
    "Hidden title",
    "aaaaaaaaaaaa",
    "123457",
    "123,457",
)
FORMS = (
    *("catalogue.json", "catalogue.csv", "catalogue.jsonld", "catalogue.schema.jsonld", "datapackage.json"),
    *("datasets/pupils", "datasets/pupils.json", "datasets/pupils.jsonld", "datasets/pupils.datapackage.json"),
    *("datasets/pupils.schema.jsonld", "datasets"),
)


@pytest.fixture(scope="module")
def airlock(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """One service for all tests, which only look."""
    folder = tmp_path_factory.mktemp("faces")
    with world(folder) as place, service(place) as made:
        described(place, folder)
        yield made


@pytest.fixture(scope="module")
def ana(airlock: Service) -> Browser:
    """A researcher who is signed in."""
    return airlock.browser("ana")


def test_anybody_reads_the_list_in_every_form_and_no_secret(airlock: Service) -> None:
    nobody = airlock.browser()
    for path in FORMS:
        answer = nobody.get(f"register/{path}")
        assert answer.status_code == 200, path
        assert "Pupils" in answer.text
        for secret in SECRETS:
            assert secret not in answer.text, (path, secret)


def test_list_counts_what_it_does_not_name(airlock: Service) -> None:
    nobody = airlock.browser()
    document = nobody.get("register/catalogue.json").json()
    assert document["undisclosed"] == 1
    assert {entry["name"] for entry in document["datasets"]} == {"pupils", "survey", "register"}
    assert "1 more dataset is not named" in nobody.get("register/datasets").text
    for path in ("register/datasets/secret_existence", "register/datasets/secret_existence.json"):
        missing, never = nobody.get(path), nobody.get(path.replace("secret_existence", "never_existed"))
        assert (missing.status_code, missing.text.count("there is no such dataset")) == (404, 1) or (
            missing.status_code == never.status_code == 404
        )
    for path in ("register.json", "register.jsonld", "register/projects", "register"):
        assert "secret_existence" not in nobody.get(path).text
    assert nobody.get("register/datasets/pupils.exe").status_code == 404
    assert nobody.get("register/datasets/No-Name").status_code == 404


def test_head_is_signed_and_is_that_of_the_list(airlock: Service) -> None:
    nobody = airlock.browser()
    key = VerifyingKey.from_pem(nobody.get("register/key.pem").content)
    said = key.open_json(nobody.get("register/catalogue/head.json").json(), CATALOGUE_TYPE)
    assert said == nobody.get("register/catalogue.json").json()["head"]
    assert said["digest"] in nobody.get("register/datasets").text


@pytest.mark.parametrize(
    ("accept", "ending"),
    [
        ("text/html,application/xhtml+xml", "datasets"),
        ("text/csv", "catalogue.csv"),
        ("application/ld+json; profile=x, */*", "catalogue.jsonld"),
        ("application/json", "catalogue.json"),
        ("", "datasets"),
    ],
)
def test_list_comes_in_the_form_that_is_asked_for(airlock: Service, accept: str, ending: str) -> None:
    answer = airlock.browser().get("register/catalogue", accept=accept)
    assert answer.status_code == 303
    assert answer.headers["location"].endswith(f"register/{ending}")


def test_table_is_read_as_csv(airlock: Service) -> None:
    answer = airlock.browser().get("register/catalogue.csv")
    assert answer.headers["content-type"].startswith("text/csv")
    rows = [row for row in csv.DictReader(io.StringIO(answer.text)) if row["dataset"] == "pupils"]
    assert [row["variable"] for row in rows] == ["person_id", "school", "sex", "points", "x"]
    assert {row["refresh"] for row in rows} == {"yearly"}


def test_catalogue_shows_law_gaps_versions_and_harmonised_codes(ana: Browser) -> None:
    page = ana.get("catalogue/pupils").text
    for words in (
        "Education Act 1996, section 537A",
        "Department for Education",
        "health and health care",
        "Independent schools",
        "the next version is expected on 15 January 2027",
        "x: is new",
        "may break earlier work",
        "England, Scotland",
        "Data Package",
        "bbbbbbbbbbbb",
    ):
        assert words in page, words
    assert "its checks" not in page
    assert "One row for each" not in page  # the key is a direct identifier, of which nothing is told
    variable = ana.get("catalogue/pupils/sex").text
    for words in ("Harmonised: Sex", "England", "Scotland", "female"):
        assert words in variable
    assert "Filled by linking" in ana.get("catalogue/pupils/person_id").text
    assert "there is nothing to download" in ana.get("catalogue/secret_existence").text
    assert "No legal gateway is described" in ana.get("catalogue/survey").text


def test_report_of_a_delivery_is_for_its_owner_and_administrators(airlock: Service, ana: Browser) -> None:
    path = "catalogue/pupils/versions/2022"
    assert ana.get(path).status_code == 404
    for name in ("dora", "ada"):
        browser = airlock.browser(name)
        page = browser.get(path)
        assert page.status_code == 200
        assert "no two rows have the same key" in page.text.lower()
        assert "its checks" in browser.get("catalogue/pupils").text
        assert browser.get("catalogue/pupils/versions/1999").status_code == 404


def test_calls_show_what_the_pages_show(airlock: Service) -> None:
    researcher, owner = client(airlock, "ana"), client(airlock, "dora")
    shown = researcher.get("catalogue/pupils").json()
    assert shown["gateways"][0]["section"] == "section 537A"
    assert "health" not in shown["purposes"]
    lines = researcher.get("catalogue/pupils/versions").json()["items"]
    assert [(one["version"], one["breaking"]) for one in lines] == [("2022", True), ("2021", False)]
    assert "rows" not in lines[0]["came"]
    assert researcher.get("catalogue/pupils/versions/2022/checks").status_code == 404
    checks = owner.get("catalogue/pupils/versions/2022/checks").json()
    assert (checks["status"], checks["rows"]) == ("pass", 400)
    assert researcher.get("catalogue/pupils/variables/sex").json()["labels"] == {"F": "female", "M": "male"}


@pytest.mark.parametrize(
    ("form", "file"),
    [
        ("dcat-ap", "catalogue.jsonld"),
        ("datapackage", "datapackage.json"),
        ("schema.org", "catalogue.schema.jsonld"),
        ("json", "catalogue.json"),
        ("csv", "catalogue.csv"),
        ("yaml", "catalogue.yaml"),
    ],
)
def test_command_writes_every_format(
    airlock: Service,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    form: str,
    file: str,
) -> None:
    monkeypatch.setenv("SAFEROOM_HOME", str(airlock.world.home.root))
    monkeypatch.delenv("SAFEROOM_DATABASE_URL", raising=False)
    _run("admin", "catalogue", "export", "--format", form, "--out", str(tmp_path / "new"))
    text = (tmp_path / "new" / file).read_text()
    assert "Pupils" in text
    capsys.readouterr()
    _run("admin", "catalogue", "export", "--format", form)
    assert capsys.readouterr().out.split() == text.split()
    if form == "yaml":
        records = [entry.record for entry in read_entries([(text, "x.yaml")])]
        assert to_yaml(records) == text  # type: ignore[arg-type]
        assert {getattr(one, "name", "") for one in records} >= {"secret_existence", "pupils"}
    else:
        assert "secret_existence" not in text


def test_commands_list_versions_and_checks(
    airlock: Service, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("SAFEROOM_HOME", str(airlock.world.home.root))
    monkeypatch.delenv("SAFEROOM_DATABASE_URL", raising=False)
    _run("admin", "catalogue", "versions", "pupils")
    assert "2022" in capsys.readouterr().out
    _run("admin", "catalogue", "versions", "survey")
    assert "No version of survey has come in" in capsys.readouterr().out
    _run("admin", "catalogue", "checks", "pupils", "2022")
    assert "may enter" in capsys.readouterr().out
    _run("admin", "catalogue", "checks", "pupils", "2022", "--json")
    assert json.loads(capsys.readouterr().out)["status"] == "pass"
    assert _run("admin", "catalogue", "checks", "pupils", "1999") != 0
    assert "no report of version 1999 of pupils" in capsys.readouterr().err


def _run(*words: str) -> int:
    try:
        main(words)
    except SystemExit as leaving:
        return int(leaving.code or 0)
    return 0
