"""Frames on a byte stream: four bytes of length, big-endian, then that many bytes of MessagePack."""

from __future__ import annotations

import asyncio

LIMIT = 1 << 30
"""Longest frame that is read, bytes; a longer one means that the other side speaks something else."""


class FrameError(ConnectionError):
    """Say that the other side does not speak the protocol."""


async def read_frame(reader: asyncio.StreamReader) -> bytes | None:
    """Return the next frame, or `None` when the stream has ended.

    Raises:
        FrameError: The stream ended inside a frame, or announced one that is longer than `LIMIT`.
    """
    try:
        head = await reader.readexactly(4)
        length = int.from_bytes(head, "big")
        if length > LIMIT:
            raise FrameError(f"a frame of {length} bytes was announced; the limit is {LIMIT}")
        return await reader.readexactly(length)
    except asyncio.IncompleteReadError as error:
        if error.partial:
            raise FrameError("the stream ended inside a frame") from None
        return None


def frame(content: bytes) -> bytes:
    """Return a frame around a message."""
    return len(content).to_bytes(4, "big") + content
