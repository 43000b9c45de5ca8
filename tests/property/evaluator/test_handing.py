"""What goes to a pod and comes back is whole or nothing, whatever was cut off or changed on its way."""

from __future__ import annotations

import io
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from saferoom.errors import BadInputError, IntegrityError
from saferoom.hub.evaluator.places import Task
from saferoom.hub.evaluator.pods.handing import LENGTH, Order, handed, open_answer, sealed_answer
from saferoom.hub.sandbox import Completed
from saferoom.hub.store.cipher import AtRest

KEY = bytes(range(32))
COMPLETED = st.builds(Completed, st.binary(), st.integers(-64, 255), st.binary(), st.booleans())
COMMAND = (sys.executable, "-P", "-m", "saferoom.hub.evaluator")


class CutOffError(Exception):
    """There is nothing more."""


def read(data: bytes) -> tuple[Order, bytes]:
    stream = io.BytesIO(data)

    def take(length: int) -> bytes:
        found = stream.read(length)
        if len(found) < length:
            raise CutOffError
        return found

    order = Order.read(take)
    return order, take(order.given)


@given(given_=st.binary(max_size=200_000), seconds=st.floats(0.1, 1e5), told=st.dictionaries(st.text(), st.text()))
def test_an_order_is_read_as_it_was_given(given_: bytes, seconds: float, told: dict[str, str]) -> None:
    task = Task("evaluator", COMMAND, given_, seconds, environment=told)
    order, found = read(b"".join(handed(task, KEY)))
    assert found == given_
    assert (order.words, order.seconds, order.environment) == (list(COMMAND[1:]), seconds, told)
    assert order.cipher.open(AtRest(KEY).seal(b"x", {}), {}) == b"x"
    assert order.key not in repr(order)


@given(data=st.data(), given_=st.binary(min_size=1, max_size=1000))
def test_a_part_of_an_order_is_none(data: st.DataObject, given_: bytes) -> None:
    whole = b"".join(handed(Task("evaluator", COMMAND, given_, 1.0), KEY))
    cut = data.draw(st.integers(0, len(whole) - 1))
    with pytest.raises(CutOffError):
        read(whole[:cut])


@given(st.binary(max_size=400))
def test_anything_else_is_no_order(data: bytes) -> None:
    with pytest.raises((BadInputError, CutOffError)):
        read(LENGTH.pack(len(data)) + data)


@given(COMPLETED)
def test_an_answer_is_opened_as_it_was_sealed(done: Completed) -> None:
    answer = sealed_answer(done, AtRest(KEY))
    assert LENGTH.unpack(answer[: LENGTH.size]) == (len(answer) - LENGTH.size,)
    assert open_answer(answer[LENGTH.size :], AtRest(KEY)) == done


@given(done=COMPLETED, data=st.data())
def test_a_changed_cut_or_foreign_answer_is_none(done: Completed, data: st.DataObject) -> None:
    sealed = sealed_answer(done, AtRest(KEY))[LENGTH.size :]
    place = data.draw(st.integers(0, len(sealed) - 1))
    changed = sealed[:place] + bytes([sealed[place] ^ data.draw(st.integers(1, 255))]) + sealed[place + 1 :]
    for wrong in (changed, sealed[:place], sealed + b"x"):
        with pytest.raises(IntegrityError):
            open_answer(wrong, AtRest(KEY))
    with pytest.raises(IntegrityError):
        open_answer(sealed, AtRest(KEY[::-1]))
