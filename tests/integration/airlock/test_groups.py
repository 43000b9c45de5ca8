"""Requests with groups: each with its own words, outputs and supporting files, sealed and released as judged."""

from __future__ import annotations

import io
import json
import zipfile
from dataclasses import replace
from typing import Any

import pytest
from tests.support.airlock_domain import ANA, CHECKED, CHRIS, MOBILITY, SAFE, WORDS, Domain

from saferoom.errors import BadInputError, IntegrityError, NotFoundError
from saferoom.projects.airlock.model import Request
from saferoom.projects.airlock.states import State
from saferoom.projects.airlock.verify import _check_groups, verify_bundle
from saferoom.projects.airlock.wanted import MOST_GROUPS, WantedGroup

MEANS: dict[str, Any] = {"from": "wages", "statistic": "mean", "measure": "wage", "by": ["region"]}


def groups(world: Domain) -> list[WantedGroup]:
    code = world.upload(b"print(1)\n", name="means.py", type="python")
    return [
        WantedGroup((world.record(CHECKED).id,), "People by region.", "Ten or more.", "Counts"),
        WantedGroup((world.record(MEANS).id,), "Means by region.", "No cell of few.", "Means", (code.id,)),
    ]


def asked(world: Domain, wanted: list[WantedGroup] | None = None, title: str = "Wages") -> Request:
    return world.airlock.submit_groups(ANA, MOBILITY, title, wanted or groups(world))


def record_of(bundle: bytes) -> dict[str, Any]:
    with zipfile.ZipFile(io.BytesIO(bundle)) as archive:
        found: dict[str, Any] = json.loads(archive.read("sdc-record.json"))
        return found


def test_groups_keep_their_words_outputs_and_supporting_files(world: Domain) -> None:
    request = asked(world)
    assert [(g.name, g.context, len(g.supporting)) for g in request.groups] == [
        ("Counts", "People by region.", 0),
        ("Means", "Means by region.", 1),
    ]
    assert [(o.position, o.group) for o in request.outputs] == [(1, 1), (2, 2)]
    assert [o.title for o in request.outputs_of(2)] == [request.outputs[1].title]
    assert [f.title for f in request.supporting] == ["means.py"]
    assert "Counts:\nPeople by region." in request.context
    assert world.stored(request.id).rounds[-1].groups == request.groups


def test_groups_are_in_the_bundle_with_the_outputs_of_each(world: Domain) -> None:
    released = world.approve(asked(world))
    bundle = world.airlock.bundle(ANA, released.id)
    record = record_of(bundle)
    assert record["words"] == {"title": "Wages"}
    assert [(g["name"], g["outputs"]) for g in record["groups"]] == [("Counts", [1]), ("Means", [2])]
    assert verify_bundle(bundle, world.key.verifying_key).ok
    assert "means.py" not in json.dumps(record), "supporting files stay"


def test_request_of_one_group_without_a_name_is_recorded_as_before(world: Domain) -> None:
    released = world.approve(world.submit(CHECKED))
    record = record_of(world.airlock.bundle(ANA, released.id))
    assert record["words"] == {k: WORDS[k] for k in ("title", "context", "controls")}
    assert "groups" not in record


def test_words_of_groups_stay_inside_when_nobody_has_seen_them(world: Domain) -> None:
    request = asked(world, [WantedGroup((world.record(SAFE).id,), "zebra context", "zebra controls", "zebra group")])
    assert request.state is State.RELEASED
    assert "zebra" not in json.dumps(record_of(world.airlock.bundle(ANA, request.id)))


@pytest.mark.parametrize(
    "change",
    [[{"context": "other"}], [{"name": "other"}], [{"supporting": []}], []],
    ids=["context", "name", "code", "gone"],
)
def test_group_changed_in_the_database_releases_nothing(world: Domain, change: list[dict[str, Any]]) -> None:
    request = asked(world)
    world.rewrite(
        "airlock_requests", lambda row: {"groups": [row["groups"][0], *({**row["groups"][1], **new} for new in change)]}
    )
    after = world.approve(request)
    assert (after.state, bool(after.blocked)) == (State.REVIEWED, True)
    assert "release.downloaded" not in world.actions()


def test_output_moved_to_another_group_in_the_database_releases_nothing(world: Domain) -> None:
    request = asked(world)
    world.sql('update airlock_outputs set "group" = 1 where position = 2')
    assert world.approve(request).blocked


def test_groups_sent_twice_are_one_request_and_other_words_are_not_the_same(world: Domain) -> None:
    wanted = groups(world)
    assert asked(world, wanted).id == asked(world, wanted).id
    with pytest.raises(Exception, match="already part of request"):
        asked(world, [*wanted[:1], WantedGroup(wanted[1].evaluations, "Other.", "Other.", "Means")])


def test_identifier_in_the_name_of_a_group_is_refused(world: Domain) -> None:
    secret = world.identifiers("wages")[0]

    class Index:
        def count(self, *_args: Any) -> int:
            return 1

    guarded = replace(world.airlock, identifiers=Index())
    wanted = [WantedGroup((world.record(CHECKED).id,), "c", "d", f"G {secret}")]
    with pytest.raises(BadInputError, match="has an identifier") as caught:
        guarded.submit_groups(ANA, MOBILITY, "T", wanted)
    assert str(secret) not in caught.value.message


def bad_groups(world: Domain) -> dict[str, tuple[list[WantedGroup], str]]:
    one, two = world.record(CHECKED).id, world.record(MEANS).id
    full = WantedGroup((one,), "c", "d", "A")
    return {
        "none": ([], "at least one group"),
        "no output": ([full, WantedGroup((), "c", "d", "B")], "group 2 has no output"),
        "no name": ([full, WantedGroup((two,), "c", "d", "")], "group 2 has no name"),
        "no context": ([full, WantedGroup((two,), " ", "d", "B")], "context of group 2 may not be empty"),
        "no controls": ([full, WantedGroup((two,), "c", "", "B")], "controls of group 2 may not be empty"),
        "same name": ([full, WantedGroup((two,), "c", "d", "a")], "the same name"),
        "same output": ([full, WantedGroup((one,), "c", "d", "B")], "the same output twice"),
        "two lines": ([WantedGroup((one,), "c", "d", "A\nB")], "several lines"),
        "unseen": ([WantedGroup((one,), "c", "d", "A\u200bB")], "nobody can see"),
        "many": ([WantedGroup((one,), "c", "d", f"{n}") for n in range(MOST_GROUPS + 1)], "at most 10 groups"),
    }


def test_groups_that_cannot_be_are_refused_with_a_sentence_and_nothing_is_written(world: Domain) -> None:
    for wanted, said in bad_groups(world).values():
        with pytest.raises(BadInputError, match=said):
            world.airlock.submit_groups(ANA, MOBILITY, "T", wanted)
    assert world.airlock.requests_of(ANA) == ()


def test_output_of_somebody_else_in_a_group_is_not_found(world: Domain) -> None:
    other = world.record(CHECKED, author=CHRIS)
    with pytest.raises(NotFoundError):
        world.airlock.submit_groups(ANA, MOBILITY, "T", [WantedGroup((other.id,), "c", "d")])


def test_bundle_whose_record_leaves_an_output_out_of_its_groups_is_no_release(world: Domain) -> None:
    record = record_of(world.airlock.bundle(ANA, world.approve(asked(world)).id))
    _check_groups(record)
    record["groups"][1]["outputs"] = [1]
    with pytest.raises(IntegrityError, match="in one of its groups"):
        _check_groups(record)
    with pytest.raises(IntegrityError, match="lacks an entry"):
        _check_groups({**record, "groups": [{}]})
