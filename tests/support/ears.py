"""Listen to a real engine."""

from __future__ import annotations

import asyncio
from typing import TypeVar

from kerastui.engine.process.client import Heard, SocketClient

T = TypeVar("T")


class Ears:
    """Collect what an engine tells, and wait for parts of it."""

    def __init__(self, client: SocketClient) -> None:
        self.heard: list[Heard] = []
        self._news = asyncio.Event()
        client.listen(self._hear)

    def _hear(self, event: Heard) -> None:
        self.heard.append(event)
        self._news.set()

    async def next(self, kind: type[T], after: int = 0, seconds: float = 60.0) -> T:
        """Return the first event of a kind after a place in what was heard."""
        async with asyncio.timeout(seconds):
            while True:
                for event in self.heard[after:]:
                    if isinstance(event, kind):
                        return event
                self._news.clear()
                await self._news.wait()
