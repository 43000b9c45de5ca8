"""The catalogue: people who are signed in find datasets and variables, and read nothing that is not for them."""

from __future__ import annotations

import pytest
from tests.support.airlock_server import Service
from tests.support.airlock_world import NOW

from saferoom.hub.store.life_tables import DatasetVersionRow
from saferoom.hub.store.tables import DatasetRow, VariableRow
from saferoom.policies.models import RiskAppetite


@pytest.fixture
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


def test_search_finds_datasets_by_their_words_and_those_of_their_variables(shelf: Service) -> None:
    ana = shelf.browser("ana")
    for query, names in SEARCHES.items():
        page = ana.get(f"catalogue?q={query}").text
        found = {name for name in ("schools", "survey", "register") if f'/catalogue/{name}">' in page}
        assert found == names, query


def test_hit_names_the_variables_that_the_words_are_in(shelf: Service) -> None:
    page = shelf.browser("ana").get("catalogue?q=money").text
    assert 'catalogue/schools/budget">budget</a>: 100% of the money_spent' in page
    assert "catalogue/schools/district" not in page
    assert "3 variables" not in page
    assert "2 variables" in page


def test_dataset_page_says_what_it_holds_and_by_which_rules(shelf: Service) -> None:
    page = shelf.browser("ana").get("catalogue/schools").text
    for words in ("Schools of the north", "Dora Dahl", "school_id", "3 codes", "with broader categories", "2026"):
        assert words in page
    assert "1 more variable names a person by itself" in page
    assert ">25</td>" in page, "the owner's stricter threshold"
    assert "data owner of schools" in page
    assert page.index("2026 <span") < page.index("2025")


def test_dataset_page_says_what_is_covered_and_what_is_known_of_the_quality(shelf: Service) -> None:
    page = shelf.browser("ana").get("catalogue/schools").text
    for words in ("How schools of the north", "state schools", "1 January 2020 until now", "1,200", "about 3 % of"):
        assert words in page
    bare = shelf.browser("ana").get("catalogue/survey").text
    assert "has not described it yet" in bare
    assert "Nothing is recorded about the quality" in bare


def test_dataset_page_keeps_paths_source_columns_and_direct_identifiers_to_itself(shelf: Service) -> None:
    told = "".join(
        shelf.browser(name).get(path).text
        for name in ("ana", "ada")
        for path in ("catalogue", "catalogue/schools", "catalogue/schools/district")
    )
    for secret in ("secret/path", "secret-path", "SECRET_SOURCE_COLUMN", "head_name", "Name of the head"):
        assert secret not in told


def test_variable_page_shows_codes_and_broader_categories(shelf: Service) -> None:
    page = shelf.browser("ana").get("catalogue/schools/district").text
    assert "<code>a1</code>" in page
    assert page.index(">country</th>") < page.index(">A</th>")
    assert "Its areas have boundaries" in page


def test_researcher_is_shown_the_way_to_apply(shelf: Service) -> None:
    assert "projects/new?dataset=schools" in shelf.browser("ana").get("catalogue/schools").text
    assert "projects/new" not in shelf.browser("dora").get("catalogue/schools").text


def test_variables_are_searched_within_a_dataset(shelf: Service) -> None:
    page = shelf.browser("ana").get("catalogue/schools?q=money").text
    assert 'schools/budget">' in page
    assert 'schools/district">' not in page
    assert "No variable has these words" in shelf.browser("ana").get("catalogue/schools?q=nothing").text


def test_long_lists_are_cut_and_keep_what_was_asked(shelf: Service) -> None:
    with shelf.world.instance.database.transaction() as session:
        session.add_all(
            VariableRow(dataset="schools", position=10 + n, name=f"item_{n:03}", type="integer", role="other")
            for n in range(130)
        )
    page = shelf.browser("ana").get("catalogue/schools?q=item&page=2").text
    assert "Page 2 of 3" in page
    assert "catalogue/schools?q=item&amp;page=3" in page
    assert ">item_050<" in page
    assert ">item_049<" not in page


def test_nobody_reads_the_catalogue_without_signing_in(shelf: Service) -> None:
    for path in ("catalogue", "catalogue/schools", "catalogue/schools/district"):
        assert shelf.browser().get(path).status_code == 303
        assert shelf.browser("ana").get(path, **{"Sec-Fetch-Dest": "empty"}).status_code == 403


def test_what_is_not_in_the_catalogue_is_not_found(shelf: Service) -> None:
    ana = shelf.browser("ana")
    for path in ("nothing", "schools/nothing", "schools/head_name", "..", "Schools", "schools/../x", "s" * 400):
        assert ana.get("catalogue/" + path).status_code == 404, path


def test_script_in_a_search_is_shown_as_words(shelf: Service) -> None:
    evil = '"><script>alert(1)</script>'
    page = shelf.browser("ana").get("catalogue", **{}).text
    assert "<script>alert" not in page
    answer = shelf.browser("ana").http.get("/services/airlock/catalogue", params={"q": evil})
    assert answer.status_code == 200
    assert "<script>alert" not in answer.text
    assert "&lt;script&gt;" in answer.text
