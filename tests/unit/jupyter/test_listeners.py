"""Who is told how a room starts: the newest few, again and again, and nobody who has gone."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import aclosing

import pytest
from tornado.web import Finish

from saferoom.hub.jupyter import listeners
from saferoom.hub.jupyter.listeners import MOST_LISTENERS, Listeners, News


@pytest.fixture(autouse=True)
def _quick_beats(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(listeners, "BEAT_SECONDS", 0.01)


class Steps:
    """Steps of a start of which the last takes for ever, or fails."""

    def __init__(self, *news: News, error: Exception | None = None, ends: bool = False) -> None:
        self.news, self.error, self.ends = news, error, ends
        self.closed = 0

    async def __call__(self) -> AsyncIterator[News]:
        """Yield the steps."""
        try:
            for one in self.news:
                yield one
            if self.error is not None:
                raise self.error
            if not self.ends:
                await asyncio.Event().wait()
        finally:
            self.closed += 1


@pytest.mark.parametrize("ends", [True, False])
def test_the_last_news_are_told_again_until_the_telling_is_ended(ends: bool) -> None:
    async def story() -> None:
        steps, heard = Steps((5, "wait"), (50, "starting"), ends=ends), []
        async with aclosing(Listeners().told(steps())) as told:
            async for news in told:
                heard.append(news)
                if len(heard) == 5:
                    break
        assert heard == [(5, "wait"), *[(50, "starting")] * 4]
        assert steps.closed == 1

    asyncio.run(asyncio.wait_for(story(), 20))


def test_only_the_newest_listeners_are_told() -> None:
    async def story() -> None:
        all_of_them, steps = Listeners(), Steps((5, "wait"))
        told = [all_of_them.told(steps()) for _ in range(MOST_LISTENERS + 2)]
        for one in told:
            assert await anext(one) == (5, "wait")
        for number, one in enumerate(told):
            if number < 2:
                with pytest.raises(Finish):
                    await anext(one)
            else:
                assert await anext(one) == (5, "wait")
        assert steps.closed == 2
        # Whoever goes makes place.
        await told[-1].aclose()
        newcomer = all_of_them.told(steps())
        await anext(newcomer)
        assert await anext(told[2]) == (5, "wait")
        for one in (*told, newcomer):
            await one.aclose()
        assert steps.closed == len(told) + 1

    asyncio.run(asyncio.wait_for(story(), 20))


def test_a_step_that_fails_ends_the_telling() -> None:
    async def story() -> None:
        steps = Steps((5, "wait"), error=OSError("gone"))
        told = Listeners().told(steps())
        await anext(told)
        with pytest.raises(OSError, match="gone"):
            await anext(told)
        assert steps.closed == 1

    asyncio.run(asyncio.wait_for(story(), 20))
