"""The news of a room that starts, told to a bounded number of listeners, and to nobody who has gone.

JupyterHub notices that a browser has closed its connection only when it writes to it. A start that waits may have
nothing new to say for half an hour, and whoever opens and closes streams of news again and again would leave the hub
with work for each. So every listener is told the last news again from time to time, and only the newest are told.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncGenerator, AsyncIterator
from typing import Any

from tornado.web import Finish

MOST_LISTENERS = 6
"""Of one room; a person with more windows open than these sees news in the newest."""
BEAT_SECONDS = 5.0

News = tuple[int, str]


class Listeners:
    """Those who are told how one room starts."""

    def __init__(self) -> None:
        self._listening: list[object] = []

    async def told(self, steps: AsyncIterator[News]) -> AsyncGenerator[News, None]:
        """Yield each of `steps`, and the last again with every beat; without end, as the start ends the telling.

        Raises
        ------
        tornado.web.Finish
            Newer listeners have taken this one's place: its stream ends.
        """
        me = object()
        self._listening.append(me)
        del self._listening[:-MOST_LISTENERS]
        try:
            async with contextlib.aclosing(_with_beats(steps)) as beating:
                async for news in beating:
                    if me not in self._listening:
                        raise Finish
                    yield news
        finally:
            with contextlib.suppress(ValueError):
                self._listening.remove(me)


async def _with_beats(steps: AsyncIterator[News]) -> AsyncGenerator[News, None]:
    last: News | None = None
    coming: asyncio.Future[Any] = asyncio.ensure_future(anext(steps))
    try:
        while True:
            await asyncio.wait({coming}, timeout=BEAT_SECONDS)
            if coming.done():
                try:
                    last = coming.result()
                except StopAsyncIteration:
                    coming = asyncio.get_running_loop().create_future()
                else:
                    coming = asyncio.ensure_future(anext(steps))
            if last is not None:
                yield last
    finally:
        coming.cancel()
        with contextlib.suppress(asyncio.CancelledError, StopAsyncIteration):
            await coming
