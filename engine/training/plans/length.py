"""How many steps go into one call."""

from __future__ import annotations

SECONDS = 0.06
"""What a call should take: between 0.03, below which its fixed costs of some 0.3 ms show, and 0.1, within which a pause
or a stop is to act."""

GROWTH = 4
"""How much longer than the last a chunk may be: one step tells little about the next hundred."""


class ChunkLength:
    """Choose the lengths of chunks by how long those before took.

    Args:
        longest: Steps at most.

    Example:
        >>> length = ChunkLength(1000)
        >>> length.next
        1
        >>> length.took(1, 0.001)
        >>> length.next
        4
    """

    def __init__(self, longest: int) -> None:
        self._longest = longest
        self.next = 1

    def took(self, steps: int, seconds: float) -> None:
        """Take note of a chunk.

        Args:
            steps: Its steps.
            seconds: How long it took.
        """
        wanted = SECONDS / max(seconds / steps, 1e-9)
        self.next = int(max(1, min(wanted, GROWTH * max(steps, self.next), self._longest)))
