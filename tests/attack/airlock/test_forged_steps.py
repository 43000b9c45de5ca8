"""Attacks on certificates of processed tables: what left has to follow from what was drawn, by what was declared."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest
from tests.support.certified import KEY, TABLE, Forged, bundle, certificate

from saferoom.digests import sha256
from saferoom.disclosure.privacy.certificate import Processing, digest_of
from saferoom.disclosure.verdict import Table
from saferoom.projects.airlock.render import to_csv
from saferoom.projects.airlock.verify import verify_bundle
from saferoom.projects.airlock.verify_report import BundleReport


def report(outputs: Sequence[Forged]) -> BundleReport:
    return verify_bundle(bundle(outputs), KEY.verifying_key)


def refused(sentence: str, *outputs: Forged) -> None:
    found = report(outputs)
    assert not found.ok
    assert sentence in found.problem, found.problem


ROUNDED = Table(TABLE.columns, (("north", 10), ("south", -5)))
STEPS = ({"clip": {"least": -5}}, {"round": {"to": 5}})
NOTHING: dict[str, Any] = {"names": {}, "groups": {}, "figures": {}}


def processed(table: Table = ROUNDED, **changed: Any) -> Forged:
    """Return an output with a processed table."""
    said: dict[str, Any] = {"drawn": TABLE, "labels": 1, "steps": STEPS, "joined": NOTHING, **changed}
    files = {"csv": sha256(to_csv(table))}
    return Forged(
        replace(certificate(), processing=Processing(**said), table=digest_of(table), files=files), to_csv(table)
    )


def test_a_processed_table_that_follows_from_what_was_drawn_is_believed() -> None:
    assert report([processed()]).ok
    second = processed()
    assert report([Forged(), Forged(replace(second.made, output=2), second.data)]).ok


def test_whole_numbers_may_be_written_with_a_point() -> None:
    assert report([processed(Table(TABLE.columns, (("north", 10.0), ("south", -5.0))))]).ok


WRONG = "output 1: the table that left is not what the declared steps make of what was drawn"


@pytest.mark.parametrize(
    "table",
    [
        Table(TABLE.columns, (("north", 12), ("south", -3))),
        Table(TABLE.columns, (("north", 10),)),
        Table(TABLE.columns, (("north", 10), ("south", None))),
        Table(TABLE.columns, (("north", 10), ("my message", -5))),
        Table(("region", "my message"), ROUNDED.rows),
        Table((*TABLE.columns, "more"), (("north", 10, 1), ("south", -5, 1))),
    ],
)
def test_another_table_than_the_steps_make_is_noticed(table: Table) -> None:
    refused(WRONG, processed(table))


@pytest.mark.parametrize(
    "csv",
    [
        to_csv(TABLE),
        to_csv(ROUNDED) + b"east,7\r\n",
        to_csv(ROUNDED).replace(b"10", b"ten"),
        to_csv(ROUNDED).replace(b"10", b""),
        to_csv(ROUNDED).replace(b"north,10", b"north,10,11"),
        b"\xff",
    ],
)
def test_another_file_than_the_certified_table_is_noticed(csv: bytes) -> None:
    forged = processed()
    refused(WRONG, Forged(replace(forged.made, files={"csv": sha256(csv)}), csv))


def test_another_draw_than_was_paid_for_behind_a_processed_table_is_noticed() -> None:
    other = Table(TABLE.columns, (("north", 11), ("south", -3)))
    second = processed(drawn=other)
    refused(
        "output 2: its charge already paid for another draw",
        Forged(),
        Forged(replace(second.made, output=2), second.data),
    )


@pytest.mark.parametrize(
    "changed",
    [
        {"steps": ()},
        {"steps": ({"multiply": 2},)},
        {"steps": ({"rename": {"region": "my message"}},)},
        {"steps": ({"rows": {"region": ["east"]}},)},
        {"joined": {}},
        {"joined": {"names": {}, "groups": {"region": [["north"]]}, "figures": {}}},
        {"drawn": Table(TABLE.columns, (("north",),))},
        {"labels": 5},
    ],
)
def test_steps_that_cannot_be_done_are_noticed(changed: dict[str, Any]) -> None:
    found = report([processed(**changed)])
    assert not found.ok
    assert found.problem in (WRONG, "output 1: its declared steps cannot be done to what was drawn"), found.problem


def test_a_message_among_what_is_stated_of_the_catalogue_is_noticed() -> None:
    sentence = "more of the catalogue is stated than its declared steps use"
    refused(sentence, processed(joined={"names": {"region": "my message"}, "groups": {}, "figures": {}}))
    refused(sentence, processed(joined={"names": {}, "groups": {"region": [["north", "my message"]]}, "figures": {}}))
