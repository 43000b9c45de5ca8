"""Bodies of uploads: few at once, and none for ever."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from saferoom.errors import BadInputError, TooManyError
from saferoom.hub.web.shell.intake import Intake
from saferoom.ids import Username

ANA, BEN = Username("ana"), Username("ben")
pytestmark = pytest.mark.anyio


class Body:
    """A request whose body comes when it is let go."""

    def __init__(self) -> None:
        self.sent = asyncio.Event()

    async def body(self) -> bytes:
        await self.sent.wait()
        return b"data"


async def started(intake: Intake, who: Username, count: int) -> tuple[list[Any], list[asyncio.Task[bytes]]]:
    bodies: list[Any] = [Body() for _ in range(count)]
    tasks = [asyncio.create_task(intake.read(body, who)) for body in bodies]
    await asyncio.sleep(0)
    return bodies, tasks


async def test_body_is_read_and_makes_room_for_the_next() -> None:
    intake = Intake(at_once_each=1)
    for _ in range(3):
        bodies, tasks = await started(intake, ANA, 1)
        bodies[0].sent.set()
        assert await tasks[0] == b"data"


async def test_one_person_sends_a_few_at_once_and_others_still_can() -> None:
    intake = Intake(at_once=3, at_once_each=2)
    bodies, tasks = await started(intake, ANA, 2)
    with pytest.raises(TooManyError, match="several uploads"):
        await intake.read(Body(), ANA)  # type: ignore[arg-type]
    more, others = await started(intake, BEN, 1)
    with pytest.raises(TooManyError, match="many files"):
        await intake.read(Body(), BEN)  # type: ignore[arg-type]
    for body in (*bodies, *more):
        body.sent.set()
    assert await asyncio.gather(*tasks, *others) == [b"data"] * 3


async def test_body_that_does_not_come_is_given_up() -> None:
    intake = Intake(seconds=0.01, at_once_each=1)
    for _ in range(2):
        with pytest.raises(BadInputError, match="did not arrive"):
            await intake.read(Body(), ANA)  # type: ignore[arg-type]
