"""What documents would change: read with lines, compared, checked against each other."""

from __future__ import annotations

from datetime import timedelta

import pytest
from tests.support.registry_world import (
    MOB,
    NOW,
    MemoryRegistry,
    approval,
    dataset,
    owner,
    project,
    researcher,
    world,
)

from saferoom.errors import BadInputError
from saferoom.policies.loader import packaged, packaged_route
from saferoom.policies.models import RiskAppetite
from saferoom.projects.administration.changes import Change, Verb, compare
from saferoom.projects.administration.documents import KINDS, read_entries
from saferoom.projects.administration.plan import Plan, plan
from saferoom.projects.approvals.model import Approval, Project
from saferoom.projects.catalogue.model import Dataset
from saferoom.projects.people.model import Person, Role

ROSA_YAML = (
    "kind: person\nusername: rosa\ndisplay_name: Rosa\nroles: [researcher]\n"
    "accreditation_expires: 2027-01-01\ntraining_expires: 2027-01-01\n"
)
OLGA_YAML = "kind: person\nusername: olga\ndisplay_name: Olga\nroles: [data-owner]\n"
HTV_YAML = """kind: dataset
name: htv
title: Wages
owner: olga
source: htv.csv
units: [person_id]
variables:
  - {name: person_id, type: integer, role: id}
  - {name: full_name, type: text, role: direct}
  - {name: sex, type: text, role: quasi, codelist: [F, M]}
  - {name: age, type: integer, role: quasi}
  - {name: wage, type: number, role: sensitive}
"""
MOB_YAML = "kind: project\nslug: mob\ntitle: Mobility\nmembers: [rosa]\n"
APPROVAL_YAML = "kind: approval\nproject: mob\ndataset: htv\ngranted_by: olga\nuntil: 2027-01-01\n"
ALL = "---\n".join([APPROVAL_YAML, MOB_YAML, HTV_YAML, OLGA_YAML, ROSA_YAML])


def _plan(text: str, registry: MemoryRegistry | None = None) -> Plan:
    return plan(registry or world(), read_entries([(text, "f.yaml")]), NOW)


def _refusal(text: str, registry: MemoryRegistry | None = None) -> str:
    with pytest.raises(BadInputError) as caught:
        _plan(text, registry)
    return caught.value.message


def _only(text: str, registry: MemoryRegistry | None = None) -> Change:
    (change,) = _plan(text, registry).changes
    return change


def test_plan_for_an_empty_registry_adds_everything_in_an_order_that_can_be_written() -> None:
    changes = _plan(ALL, MemoryRegistry()).changes
    assert [change.verb for change in changes] == [Verb.ADDED] * 5
    kinds = [change.kind for change in changes]
    assert kinds == sorted(kinds, key=list(KINDS).index)


def test_plan_for_what_is_registered_already_changes_nothing() -> None:
    assert _plan(ALL) == Plan((), ())


def test_description_without_a_version_leaves_the_one_that_a_delivery_put_in_force() -> None:
    registry = world()
    registry.sets["htv"] = dataset(version="2026")
    change = _only(HTV_YAML.replace("Wages", "Pay"), registry)
    assert [one.field for one in change.differences] == ["title"]
    change = _only(HTV_YAML + "version: '2027'\n", registry)
    assert [(one.field, one.before, one.after) for one in change.differences] == [("version", "2026", "2027")]


def test_plan_names_every_field_that_changes() -> None:
    change = _only(MOB_YAML.replace("Mobility", "Moves").replace("[rosa]", "[]"))
    assert change.verb is Verb.CHANGED
    assert [(one.field, one.before, one.after) for one in change.differences] == [
        ("title", "Mobility", "Moves"),
        ("members", ["rosa"], []),
    ]


def test_plan_tells_changes_of_single_variables_and_of_single_rules() -> None:
    text = HTV_YAML.replace("[F, M]", "[F, M, X]").replace("  - {name: age, type: integer, role: quasi}\n", "")
    change = _only(text + "risk_appetite: {threshold_units: 20}\n")
    assert [one.field for one in change.differences] == [
        "variables",
        "variable sex",
        "risk_appetite.threshold_units",
        "variable age",
    ]


def test_plan_with_packaged_policies_takes_them_whole() -> None:
    record = _only(HTV_YAML + "risk_appetite: strict\nrelease_route: automatic\n").record
    assert isinstance(record, Dataset)
    assert (record.risk_appetite, record.release_route) == (packaged("strict"), packaged_route("automatic"))


def test_plan_for_the_platform_compares_with_its_defaults() -> None:
    change = _only("kind: platform\nrisk_appetite: {threshold_units: 12, structural: ['*'], name: platform}\n")
    assert [one.field for one in change.differences] == ["risk_appetite.threshold_units"]


def test_closing_a_person_or_a_project_ends_it() -> None:
    assert _only(ROSA_YAML + "active: false\n").verb is Verb.ENDED
    assert _only(MOB_YAML + "active: false\n").verb is Verb.ENDED


def test_ending_an_approval_keeps_it_with_its_time() -> None:
    change = _only(APPROVAL_YAML + "ended: true\n")
    assert change.verb is Verb.ENDED
    assert isinstance(change.record, Approval)
    assert change.record.ended_at == NOW


def test_ended_approval_stays_ended_unless_its_document_says_otherwise() -> None:
    registry = world()
    registry.granted["mob", "htv"] = approval(ended_at=NOW - timedelta(days=1))
    planned = _plan(APPROVAL_YAML, registry)
    assert planned.changes == ()
    assert "stays ended" in planned.notes[0]
    assert _plan(APPROVAL_YAML + "ended: true\n", registry) == Plan((), ())
    again = _only(APPROVAL_YAML + "ended: false\n", registry)
    assert isinstance(again.record, Approval)
    assert (again.verb, again.record.ended_at) == (Verb.CHANGED, None)


def test_lapsed_accreditation_is_noted_not_refused() -> None:
    planned = _plan(ROSA_YAML.replace("expires: 2027-01-01", "expires: 2020-01-01"))
    assert len(planned.changes) == 1
    assert ["accreditation" in note or "training" in note for note in planned.notes] == [True, True]


@pytest.mark.parametrize(
    ("text", "line", "said"),
    [
        ("kind: persona\n", 1, "one of platform, person, dataset, version, project, approval"),
        ("name: x\n", 1, "a document needs a `kind`"),
        ("- a\n", 1, "expected `key: value` lines"),
        (ROSA_YAML + "shoe_size: 40\n", 7, "unknown key 'shoe_size'; allowed are username, display_name, roles"),
        (
            ROSA_YAML.replace("[researcher]", "[boss]"),
            4,
            "one of researcher, output-checker, data-owner, administrator",
        ),
        (ROSA_YAML.replace("[researcher]", "[]"), 4, "'roles' must be a list"),
        (ROSA_YAML.replace("2027-01-01", "soon"), 5, "a date written YYYY-MM-DD or nothing"),
        (ROSA_YAML.replace("2027-01-01", "2027-02-30"), 5, "a date written YYYY-MM-DD"),
        (ROSA_YAML.replace("rosa", "Rosa"), 2, "lower-case letters"),
        (HTV_YAML + "risk_appetite: sloppy\n", 13, "there are abs-datalab"),
        (HTV_YAML + "release_route: sloppy\n", 13, "there are automatic"),
        (
            HTV_YAML + "risk_appetite: {threshold_units: 1}\n",
            13,
            "'risk_appetite.threshold_units' must be a whole number",
        ),
        (HTV_YAML.replace("htv.csv", "../../etc/shadow.csv"), 5, "below the folder of sources"),
        (HTV_YAML.replace("codelist: [F, M]", "codelist: [F, 1]"), 10, "every code of 'sex' must be of its type"),
        (HTV_YAML.replace("[person_id]", "[household_id]"), 1, "'units' must name"),
        (f"{ROSA_YAML}---\n{ROSA_YAML}", 8, "person rosa stands twice; first at f.yaml, line 1"),
    ],
)
def test_document_that_is_malformed_is_refused_with_its_line(text: str, line: int, said: str) -> None:
    message = _refusal(text)
    assert said in message
    assert f"f.yaml, line {line}:" in message


@pytest.mark.parametrize(
    ("text", "line", "said"),
    [
        (HTV_YAML.replace("olga", "nobody"), 4, "the owner nobody is not registered"),
        (HTV_YAML.replace("olga", "rosa"), 4, "rosa is not an active data-owner"),
        (MOB_YAML.replace("[rosa]", "[rosa, nobody]"), 4, "the member nobody is not registered"),
        (MOB_YAML.replace("[rosa]", "\n- rosa\n- olga"), 6, "the member olga is not a researcher"),
        (MOB_YAML + "ends: 2026-11-21\n", 5, "'ends' is in the past"),
        (APPROVAL_YAML.replace("mob", "zzz"), 2, "there is no project called zzz"),
        (APPROVAL_YAML.replace("htv", "zzz"), 3, "there is no dataset called zzz"),
        (APPROVAL_YAML.replace("olga", "rosa"), 4, "only olga, who owns htv, can approve it; this says rosa"),
        (APPROVAL_YAML.replace("2027-01-01", "2026-11-21"), 5, "'until' is in the past"),
        (APPROVAL_YAML + "budget: {epsilon: 1}\n", 6, "needs a delta above 0, as 0.000001"),
        (APPROVAL_YAML + "variables: [wage, shoe_size]\n", 6, "htv has no variable called shoe_size"),
        (APPROVAL_YAML + "variables: [full_name]\n", 6, "a direct identifier and never leaves"),
        (APPROVAL_YAML + "variables: [person_id]\n", 6, "unit ids are always part of an extract"),
        (OLGA_YAML.replace("data-owner", "researcher"), 4, "olga owns htv, so must stay an active data-owner"),
        (OLGA_YAML + "active: false\n", 4, "olga owns htv"),
        (OLGA_YAML.replace("olga", "ada").replace("data-owner", "administrator, researcher"), 4, "no other role"),
    ],
)
def test_document_that_conflicts_with_others_is_refused_with_its_line(text: str, line: int, said: str) -> None:
    message = _refusal(text)
    assert said in message
    assert f"f.yaml, line {line}:" in message


def test_data_owner_cannot_approve_data_for_a_project_of_their_own() -> None:
    both = owner(roles=frozenset({Role.DATA_OWNER, Role.RESEARCHER}))
    registry = MemoryRegistry.of(both, dataset(), project(members=frozenset({both.username})))
    assert "cannot also approve data for it" in _refusal(APPROVAL_YAML, registry)


def test_dataset_changes_that_would_empty_an_approval_are_refused() -> None:
    registry = world()
    registry.granted["mob", "htv"] = approval(variables=("wage",))
    gone = HTV_YAML.replace("  - {name: wage, type: number, role: sensitive}\n", "")
    assert "covers wage, which would no longer be a variable" in _refusal(gone, registry)
    assert len(_plan(gone + "---\n" + APPROVAL_YAML + "variables: [age]\n", registry).changes) == 2
    assert len(_plan(gone + "---\n" + APPROVAL_YAML + "ended: true\n", registry).changes) == 2


def test_new_owner_must_approve_anew() -> None:
    other = OLGA_YAML.replace("olga", "omar").replace("Olga", "Omar")
    moved = f"{other}---\n{HTV_YAML.replace('olga', 'omar')}"
    assert "add an approval by omar" in _refusal(moved)
    assert len(_plan(moved + "---\n" + APPROVAL_YAML.replace("olga", "omar")).changes) == 3


def test_dates_that_were_future_when_written_may_stay_in_their_file() -> None:
    registry = world()
    past = NOW.date() - timedelta(days=30)
    registry.granted["mob", "htv"] = approval(until=past)
    registry.works["mob"] = project(ends=past)
    old = APPROVAL_YAML.replace("2027-01-01", str(past))
    assert _plan(f"{old}---\n{MOB_YAML}ends: {past}\n", registry) == Plan((), ())
    registry.granted["mob", "htv"] = approval(until=past, ended_at=NOW)
    assert "in the past" in _refusal(old + "ended: false\n", registry)


def test_all_problems_of_all_files_are_named_at_once() -> None:
    with pytest.raises(BadInputError) as caught:
        read_entries([("kind: x\n---\nkind: y\n", "a.yaml"), ("a: [", "b.yaml"), (ROSA_YAML, "c.yaml")])
    assert [line.split(",")[0] for line in caught.value.message.splitlines()] == ["a.yaml", "a.yaml", "b.yaml"]


def test_compare_says_nothing_about_absent_and_empty_values() -> None:
    before, after = project(risk_appetite=None), project(risk_appetite=RiskAppetite())
    change = compare("project", MOB, before, after)
    assert change is not None
    fields = [one.field for one in change.differences]
    assert "risk_appetite" not in fields
    assert "risk_appetite.structural" not in fields
    assert change.document()["differences"][0] == {"field": "risk_appetite.name", "before": None, "after": "default"}


def test_records_of_the_documents_are_the_registrys_records() -> None:
    registry = MemoryRegistry()
    for change in _plan(ALL, registry).changes:
        assert isinstance(change.record, Person | Dataset | Project | Approval)
    assert world().persons == {"rosa": researcher(), "olga": owner()}


LINKED_YAML = HTV_YAML.replace("name: htv", "name: linked", 1) + "linked_from: [htv]\n"


def test_dataset_may_be_linked_from_registered_ones_or_from_those_beside_it() -> None:
    assert next(one.after for one in _only(LINKED_YAML).differences if one.field == "linked_from") == ["htv"]
    both = HTV_YAML + "linked_from: [linked]\n---\n" + LINKED_YAML.replace("linked_from: [htv]\n", "")
    assert len(_plan(both).changes) == 2


def test_dataset_linked_from_nothing_or_from_itself_is_refused() -> None:
    said = _refusal(LINKED_YAML.replace("[htv]", "[htv, nowhere]"))
    assert "there is no dataset called nowhere" in said
    assert "names, once each, the other datasets" in _refusal(LINKED_YAML.replace("[htv]", "[linked]"))
    assert "names, once each, the other datasets" in _refusal(LINKED_YAML.replace("[htv]", "[htv, htv]"))
    ring = HTV_YAML + "linked_from: [linked]\n---\n" + LINKED_YAML
    assert "htv would be linked from itself" in _refusal(ring)


def test_link_that_is_taken_away_is_refused() -> None:
    registry = MemoryRegistry.of(researcher(), owner(), dataset(name="tax"), dataset(linked_from=("tax",)))
    assert "its releases cost that budget, too; this cannot be taken back" in _refusal(HTV_YAML, registry)
    assert _plan(HTV_YAML + "linked_from: [tax]\n", registry).changes == ()
