"""The catalogue: people who are signed in find datasets and variables, and read nothing that is not for them."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from tests.support.airlock_server import Browser, Service, service
from tests.support.airlock_world import NOW, world
from tests.support.api_client import client, said

from saferoom.hub.store.life_tables import DatasetVersionRow
from saferoom.hub.store.tables import DatasetRow, VariableRow
from saferoom.policies.models import RiskAppetite


@pytest.fixture(scope="module")
def airlock(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """One service for all tests, which only look."""
    with world(tmp_path_factory.mktemp("catalogue")) as place, service(place) as made:
        yield made


@pytest.fixture(scope="module")
def shelf(airlock: Service) -> Service:
    """The service with a third dataset, which has something of everything."""
    variables = [
        VariableRow(position=0, name="school_id", type="integer", role="id"),
        VariableRow(position=1, name="head_name", type="text", role="direct", label="Name of the head"),
        VariableRow(
            position=2,
            name="district",
            type="text",
            role="quasi",
            label="Where the school is",
            column="SECRET_SOURCE_COLUMN",
            codelist=["a1", "a2", "b1"],
            hierarchy={"A": ["a1", "a2"], "country": ["A", "b1"]},
            boundaries="areas/secret-path.geojson",
            figures={"pupils": {"a1": 1200, "b1": 345.5}},
        ),
        VariableRow(position=3, name="budget", type="number", role="sensitive", label="100% of the money_spent"),
    ]
    with airlock.world.instance.database.transaction() as session:
        session.add(
            DatasetRow(
                name="schools",
                title="Schools of the north",
                owner="dora",
                source="secret/path.parquet",
                version="2026",
                units=["school_id"],
                risk_appetite=RiskAppetite(threshold_units=25).model_dump(mode="json"),
                release_route={},
                variables=variables,
                description="How schools of the north are paid for.",
                coverage={"population": "state schools", "area": "the north", "first": "2020-01-01", "records": 1200},
                quality=[{"what": "Late returns", "known": "about 3 % of schools in 2021"}],
            )
        )
        session.flush()
        for number in (1, 2):
            session.add(
                DatasetVersionRow(dataset="schools", number=number, version=str(2024 + number), document={}, at=NOW)
            )
    return airlock


@pytest.fixture(scope="module")
def ana(shelf: Service) -> Browser:
    """A researcher's browser."""
    return shelf.browser("ana")


SEARCHES = {
    "": {"schools", "survey", "register"},
    "schools": {"schools"},
    "SCHOOLS north": {"schools"},
    "money": {"schools"},
    "district north": {"schools"},
    "district+nothing": set[str](),
    "head_name": set[str](),
    "SECRET_SOURCE": set[str](),
    "100%25": {"schools"},
    "money_spent": {"schools"},
    "paid+for": {"schools"},
    "moneyxspent": set[str](),
    "%25": {"schools"},
    "'; drop table datasets --": set[str](),
}


def test_search_finds_datasets_by_their_words_and_those_of_their_variables(ana: Browser) -> None:
    for query, names in SEARCHES.items():
        page = ana.get(f"catalogue?q={query}").text
        found = {name for name in ("schools", "survey", "register") if f'/catalogue/{name}">' in page}
        assert found == names, query


def test_hit_names_the_variables_that_the_words_are_in(ana: Browser) -> None:
    page = ana.get("catalogue?q=money").text
    assert 'catalogue/schools/budget">budget</a>: 100% of the money_spent' in page
    assert "catalogue/schools/district" not in page
    assert "3 variables" not in page
    assert "2 variables" in page


def test_dataset_page_says_what_it_holds_and_by_which_rules(ana: Browser) -> None:
    page = ana.get("catalogue/schools").text
    for words in ("Schools of the north", "Dora Dahl", "school_id", "3 codes", "with broader categories", "2026"):
        assert words in page
    assert page.count("with broader categories") == 1
    assert "1 more variable names a person by itself" in page
    assert ">25</td>" in page, "the owner's stricter threshold"
    assert "data owner of schools" in page
    assert page.index("2026 <span") < page.index("2025")


def test_dataset_page_says_what_is_covered_and_what_is_known_of_the_quality(ana: Browser) -> None:
    page = ana.get("catalogue/schools").text
    for words in ("How schools of the north", "state schools", "1 January 2020 until now", "1,200", "about 3 % of"):
        assert words in page
    bare = ana.get("catalogue/survey").text
    assert "has not described it yet" in bare
    assert "Nothing is recorded about the quality" in bare


def test_dataset_page_keeps_paths_source_columns_and_direct_identifiers_to_itself(shelf: Service, ana: Browser) -> None:
    told = "".join(
        shelf.browser(name).get(path).text
        for name in ("ana", "ada")
        for path in ("catalogue", "catalogue/schools", "catalogue/schools/district")
    )
    for secret in ("secret/path", "secret-path", "SECRET_SOURCE_COLUMN", "head_name", "Name of the head"):
        assert secret not in told


def test_variable_page_shows_codes_and_broader_categories(ana: Browser) -> None:
    page = ana.get("catalogue/schools/district").text
    assert "<code>a1</code>" in page
    assert page.index(">country</th>") < page.index(">A</th>")
    assert "Its areas have boundaries" in page
    assert "<dt>Public figures</dt><dd>pupils;" in page


def test_researcher_is_shown_the_way_to_apply(shelf: Service, ana: Browser) -> None:
    assert "projects/new?dataset=schools" in ana.get("catalogue/schools").text
    assert "projects/new" not in shelf.browser("dora").get("catalogue/schools").text


def test_variables_are_searched_within_a_dataset(ana: Browser) -> None:
    page = ana.get("catalogue/schools?q=money").text
    assert 'schools/budget">' in page
    assert 'schools/district">' not in page
    assert "No variable has these words" in ana.get("catalogue/schools?q=nothing").text


def test_long_lists_are_cut_and_keep_what_was_asked(shelf: Service, ana: Browser) -> None:
    with shelf.world.instance.database.transaction() as session:
        session.add_all(
            VariableRow(dataset="register", position=10 + n, name=f"item_{n:03}", type="integer", role="other")
            for n in range(130)
        )
    page = ana.get("catalogue/register?q=item&page=2").text
    assert "Page 2 of 3" in page
    assert "catalogue/register?q=item&amp;page=3" in page
    assert ">item_050<" in page
    assert ">item_049<" not in page


def test_nobody_reads_the_catalogue_without_signing_in(shelf: Service, ana: Browser) -> None:
    for path in ("catalogue", "catalogue/schools", "catalogue/schools/district"):
        assert shelf.browser().get(path).status_code == 303
        assert ana.get(path, **{"Sec-Fetch-Dest": "empty"}).status_code == 403


def test_what_is_not_in_the_catalogue_is_not_found(ana: Browser) -> None:
    for path in ("nothing", "schools/nothing", "schools/head_name", "..", "Schools", "schools/../x", "s" * 400):
        assert ana.get("catalogue/" + path).status_code == 404, path


def test_script_in_a_search_is_shown_as_words(ana: Browser) -> None:
    evil = '"><script>alert(1)</script>'
    page = ana.get("catalogue", **{}).text
    assert "<script>alert" not in page
    answer = ana.http.get("/services/airlock/catalogue", params={"q": evil})
    assert answer.status_code == 200
    assert "<script>alert" not in answer.text
    assert "&lt;script&gt;" in answer.text


def test_programs_are_told_the_same_and_no_more(shelf: Service) -> None:
    ana = client(shelf, "ana")
    told = said(ana.get("catalogue/schools"))
    assert (told["kept_back"], told["coverage"]["population"]) == (1, "state schools")
    assert [edition["version"] for edition in told["editions"]] == ["2026", "2025"]
    assert {rule["rule"]: rule["value"] for rule in told["rules"]}["threshold_units"] == "25"
    here = "catalogue/schools/variables"
    assert "head_name" not in ana.get(here).text
    assert ana.get(f"{here}/head_name").content == ana.get(f"{here}/nothing").content
    district = said(ana.get(f"{here}/district"))
    assert [(group["name"], group["depth"]) for group in district["groups"]] == [("country", 0), ("A", 1)]
    assert district["figures"] == {"pupils": {"a1": 1200, "b1": 345.5}}
    assert [one["code"] for one in said(ana.get(f"{here}/district/codes"))["items"]] == ["a1", "a2", "b1"]
    assert said(ana.get(f"{here}/district/codes?page=2"))["items"] == []
    for path in ("catalogue/schools", here, f"{here}/district"):
        assert "secret" not in ana.get(path).text.lower()
