"""Purposes are looked at wherever data are asked for or given: proposals, approvals, amendments, documents."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.support.life_world import ADA, HTV, MOB, OLGA, OMAR, ROSA, TWO, LifeWorld, life_world, proposal, terms
from tests.support.registry_world import dataset

from saferoom.errors import BadInputError, WrongStateError
from saferoom.ids import DatasetName, Username
from saferoom.projects.catalogue.model import Gateway
from saferoom.projects.catalogue.purposes import Purpose
from saferoom.projects.life.model import Alteration, Wish
from saferoom.projects.life.problems import ProblemsError

HEALTH, WORK, EDUCATION = Purpose.HEALTH, Purpose.WORK, Purpose.EDUCATION
NO_HEALTH = Gateway(law="No Health Act", excluded=(HEALTH,))
REFUSED = "htv may not be used for health and health care"


@pytest.fixture
def world(tmp_path: Path) -> Iterator[LifeWorld]:
    """Olga's htv may not be used for health; lin was linked from it, which says nothing by itself."""
    made = life_world(tmp_path)
    before = made.registry.dataset(HTV)
    made.put("dataset", HTV, before.model_copy(update={"gateways": (NO_HEALTH,)}), before)
    linked = dataset(name=DatasetName("lin"), owner=Username("omar"), linked_from=(HTV,))
    made.put("dataset", "lin", linked)
    yield made
    made.database.dispose()


def wanting(*names: str) -> tuple[Wish, ...]:
    return tuple(Wish(dataset=DatasetName(name), variables=("wage",)) for name in names)


@pytest.mark.parametrize("name", ["htv", "lin"])
@pytest.mark.parametrize("purposes", [(), (WORK,), (HEALTH,), (HEALTH, WORK)])
def test_proposal_is_submitted_only_for_purposes_that_every_source_permits(
    world: LifeWorld, name: str, purposes: tuple[Purpose, ...]
) -> None:
    asked = proposal(purposes=purposes, datasets=wanting(name))
    if purposes == (WORK,):
        world.lives.propose(ROSA, asked)
        assert world.lives.submit(ROSA, MOB).proposal.purposes == (WORK,)
        return
    if not purposes:  # what is left open is asked for when it is submitted; what is named is refused at once
        world.lives.propose(ROSA, asked)
    with pytest.raises(ProblemsError) as caught:
        world.lives.propose(ROSA, asked) if purposes else world.lives.submit(ROSA, MOB)
    assert {problem.field for problem in caught.value.problems} == {"purposes"}
    assert (REFUSED if purposes else "say which purposes the project has") in caught.value.message
    assert ("lin was linked from htv" in caught.value.message) is (name == "lin")


def test_gateway_that_changes_while_a_proposal_waits_refuses_the_approval_and_the_confirmation(
    world: LifeWorld,
) -> None:
    world.submitted(purposes=(WORK, EDUCATION))
    world.lives.approve(OLGA, MOB, HTV, terms("wage"))
    before = world.registry.dataset(TWO)
    narrower = before.model_copy(update={"gateways": (Gateway(law="Work Act", permitted=(WORK,)),)})
    world.put("dataset", TWO, narrower, before)
    with pytest.raises(ProblemsError, match="two may not be used for education and skills"):
        world.lives.approve(OMAR, MOB, TWO, terms("wage"))
    world.put("dataset", TWO, before, narrower)
    world.lives.approve(OMAR, MOB, TWO, terms("wage"))
    world.put("dataset", TWO, narrower, before)
    with pytest.raises(WrongStateError, match="two may not be used for education and skills"):
        world.lives.confirm(ADA, MOB)


def test_running_project_gets_no_dataset_and_no_purpose_that_a_gateway_excludes(world: LifeWorld) -> None:
    world.submitted(purposes=(HEALTH,), datasets=wanting("two"))
    world.lives.approve(OMAR, MOB, TWO, terms("wage"))
    world.lives.confirm(ADA, MOB)
    assert world.registry.project(MOB).purposes == (HEALTH,)
    for name in ("htv", "lin"):
        with pytest.raises(ProblemsError, match=REFUSED):
            world.lives.amend(ROSA, MOB, Alteration(datasets=wanting(name)), "needed")
    # With other purposes, which every data owner of the project is asked about, it may be asked for.
    change = Alteration(purposes=(WORK,), datasets=wanting("htv"))
    life = world.lives.amend(ROSA, MOB, change, "needed")
    assert life.pending[0].asks == (HTV, TWO)
    world.lives.approve_amendment(OLGA, MOB, 1, HTV, terms("wage"))
    assert {one.dataset for one in world.registry.approvals(MOB)} == {TWO}
    world.lives.approve_amendment(OMAR, MOB, 1, TWO)
    assert world.registry.project(MOB).purposes == (WORK,)
    assert {one.dataset for one in world.registry.approvals(MOB)} == {HTV, TWO}
    with pytest.raises(ProblemsError, match=REFUSED):
        world.lives.amend(ROSA, MOB, Alteration(purposes=(HEALTH,)), "back")


def test_dataset_asked_for_other_purposes_does_not_come_without_them(world: LifeWorld) -> None:
    world.submitted(purposes=(HEALTH,), datasets=wanting("two"))
    world.lives.approve(OMAR, MOB, TWO, terms("wage"))
    world.lives.confirm(ADA, MOB)
    world.lives.amend(ROSA, MOB, Alteration(purposes=(WORK,), datasets=wanting("htv")), "needed")
    world.lives.approve_amendment(OLGA, MOB, 1, HTV, terms("wage"))
    life = world.lives.decline_amendment(OMAR, MOB, 1, "not for work", TWO)
    assert (life.pending, life.proposal.purposes) == ((), (HEALTH,))
    assert {one.dataset for one in world.registry.approvals(MOB)} == {TWO}


def test_fewer_purposes_work_at_once(world: LifeWorld) -> None:
    world.active(purposes=(WORK, EDUCATION))
    life = world.lives.amend(ROSA, MOB, Alteration(purposes=(WORK,)))
    assert (life.pending, life.proposal.purposes) == ((), (WORK,))
    assert world.registry.project(MOB).purposes == (WORK,)
    life = world.lives.amend(ROSA, MOB, Alteration(purposes=(WORK, EDUCATION)), "more")
    assert life.pending[0].asks == (HTV, TWO)


PROJECT = "kind: project\nslug: direct\ntitle: Direct\nmembers: [rita]\npurposes: [{}]\n"
APPROVAL = "---\nkind: approval\nproject: direct\ndataset: {}\ngranted_by: {}\nuntil: 2999-01-01\n"


@pytest.mark.parametrize(("name", "owner"), [("htv", "olga"), ("lin", "omar")])
@pytest.mark.parametrize("purposes", ["", "health", "work", "health, work"])
def test_documents_approve_nothing_that_a_gateway_excludes(
    world: LifeWorld, name: str, owner: str, purposes: str
) -> None:
    text = PROJECT.format(purposes) + APPROVAL.format(name, owner)
    if purposes == "work":
        world.apply(text)
        return
    with pytest.raises(BadInputError, match=r"f\.yaml, line \d+: .*htv may"):
        world.apply(text)
    assert not [one for one in world.registry.projects() if one.slug == "direct"]


def test_gateway_or_purposes_are_not_changed_under_a_live_approval(world: LifeWorld) -> None:
    world.apply(PROJECT.format("work") + APPROVAL.format("lin", "omar"))
    with pytest.raises(BadInputError, match="direct has an approval of lin"):
        world.apply(PROJECT.format("health"))
    htv = (
        "kind: dataset\nname: htv\ntitle: Wages\nowner: olga\nsource: htv.csv\nunits: [person_id]\n"
        "gateways: [{{law: Narrow Act, permitted: [{}]}}]\nvariables:\n"
        "  - {{name: person_id, type: integer, role: id}}\n  - {{name: full_name, type: text, role: direct}}\n"
        "  - {{name: sex, type: text, role: quasi, codelist: [F, M]}}\n"
        "  - {{name: age, type: integer, role: quasi}}\n  - {{name: wage, type: number, role: sensitive}}\n"
    )
    with pytest.raises(BadInputError, match="direct has an approval of lin until 2999-01-01: end that first"):
        world.apply(htv.format("education"))
    world.apply(htv.format("work, education"))
    ended = APPROVAL.format("lin", "omar").removeprefix("---\n") + "ended: true\n---\n"
    world.apply(ended + htv.format("education"))
    assert world.registry.dataset(HTV).gateways[0].permitted == (EDUCATION,)
