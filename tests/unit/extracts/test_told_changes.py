"""What members are told of a refresh, which versions stay, and what is called unused."""

from __future__ import annotations

from datetime import date, timedelta

from tests.support.registry_world import HTV, NOW, OLGA, TODAY, approval, dataset

from saferoom.ids import DatasetName, ProjectSlug
from saferoom.projects.catalogue.model import Coverage, Dataset
from saferoom.projects.catalogue.variables import Variable, VariableRole, VariableType
from saferoom.projects.extracts.manifest import ExtractFile
from saferoom.projects.extracts.matching import match_columns, match_variables, with_match
from saferoom.projects.extracts.minimisation import Asked, unused
from saferoom.projects.extracts.refreshes import NOTHING, changes_told
from saferoom.projects.extracts.versions import Retention, staying
from saferoom.projects.linkage.plan import FieldKind


def _file(version: str = "1", linkage: str | None = None) -> ExtractFile:
    return ExtractFile(
        dataset=HTV,
        title="HTV",
        owner=OLGA,
        version=version,
        file=f"htv/{version}/htv.parquet",
        sha256="",
        bytes=0,
        rows=1,
        units=("person_id",),
        columns=(),
        linkage=linkage,
    )


FILES = (_file("1", "person 1"), _file("2", "person 2"))


def test_changes_of_variables_that_a_project_has_not_are_not_told() -> None:
    other = tuple(v.model_copy(update={"label": "Age now"}) if v.name == "age" else v for v in dataset().variables)
    terms = approval(variables=("wage",)).terms
    assert changes_told(dataset(), dataset(variables=other), terms, (_file(), _file("2"))) == (NOTHING,)
    terms = approval(variables=("age",)).terms
    (said,) = changes_told(dataset(), dataset(variables=other), terms, (_file(), _file("2")))
    assert said.startswith("age: has another label")


def test_coverage_and_linkage_are_told_as_their_owner_describes_them() -> None:
    before = dataset(coverage=Coverage(first=date(2020, 1, 1), last=date(2020, 12, 31), records=1000, area="Wales"))
    after = dataset(coverage=Coverage(first=date(2020, 1, 1), records=2000, population="adults"))
    assert changes_told(before, after, approval().terms, FILES) == (
        "period: 2020-01-01 to 2020-12-31 became 2020-01-01 to open",
        "records, as the owner tells: about 1,000 became about 2,000",
        "population: not told became adults",
        "area: Wales became not told",
        "linked records: person 1 became person 2",
    )


def test_newest_version_stays_whatever_the_policy() -> None:
    files = [_file(str(number)) for number in range(5)]
    assert [file.version for file in staying(files, Retention(versions=1), NOW)] == ["0"]
    assert len(staying(files, Retention(versions=9), NOW)) == 5
    assert len(staying(files, Retention(versions=9, until=TODAY), NOW)) == 5
    assert len(staying(files, Retention(versions=9, until=TODAY), NOW + timedelta(days=1))) == 1
    assert staying([], Retention(), NOW) == ()


def _linked() -> Dataset:
    variables = (
        Variable(name="person", type=VariableType.TEXT, role=VariableRole.ID, linked_through="person"),
        Variable(name="surname", type=VariableType.TEXT, role=VariableRole.DIRECT, identifies=FieldKind.SURNAME),
        Variable(name="wage", type=VariableType.NUMBER),
    )
    return dataset(units=("person",), variables=variables)


def test_linked_extract_has_what_linking_says_of_each_record() -> None:
    names = ("match_weight_band", "match_pass", "linkage_weight")
    assert tuple(variable.name for variable in match_variables(_linked())) == names
    assert tuple(variable.name for variable in with_match(_linked()).variables[-3:]) == names
    assert match_variables(dataset()) == ()
    assert match_columns(_file()) == set()


def test_variable_named_in_any_part_of_a_query_is_used_and_titles_do_not_count() -> None:
    approved: dict[str, str | None] = {"Wage": "Pay", "age": None, "sex": None}
    asked = [
        Asked([HTV], {"wage", "mean"}),
        Asked([DatasetName("other")], {"age"}),
        Asked([HTV], {"sexes"}, snapshot=True),
    ]
    found = unused(HTV, approved, asked, None)
    assert (found.used, found.unused, found.queries, found.snapshots) == (("Wage",), ("age", "sex"), 2, 1)
    assert "1 of these were over tables made in rooms" in found.sentence
    assert unused(HTV, approved, [*asked, Asked([HTV], None)], None).unused == ()
    assert ProjectSlug("mob") not in found.document()
