"""How well a typed text fits a name: exact, beginning, beginnings of words, any part, letters in order, summary."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TypeAlias

Rank: TypeAlias = tuple[int, int]
"""Tier (0 is best), then the number of letters of the name that were not typed."""

_HUMP = re.compile(r"[A-Z]+(?![a-z])\d*|[A-Z]?[a-z]+|\d+[A-Za-z]?")
EXACT, PREFIX, INITIALS, WORD, PART, LETTERS, SUMMARY = range(7)


@lru_cache(maxsize=4096)
def humps(name: str) -> tuple[str, ...]:
    """Split a name into its words, lower case: `Conv2DTranspose` is `conv`, `2d`, `transpose`.

    Example:
        >>> humps("GlobalAveragePooling2D")
        ('global', 'average', 'pooling', '2d')
    """
    digits = re.sub(r"(\d[A-Z])(?=[A-Z]|$)", r"_\1_", name)
    return tuple(word.lower() for part in digits.split("_") for word in _HUMP.findall(part))


def rank(text: str, names: tuple[str, ...], summary: str = "") -> Rank | None:
    """Rank a name and its aliases for a typed text.

    Args:
        text: What was typed.
        names: Public name, then aliases; an alias counts as much as the name.
        summary: One-line summary, searched last.

    Returns:
        The best rank, or `None` when nothing fits.
    """
    query = "".join(text.lower().split())
    ranks = [found for name in names if (found := _rank_name(query, name)) is not None]
    if ranks:
        return min(ranks)
    typed = text.strip().lower()
    return (SUMMARY, len(summary)) if typed in summary.lower() else None


def _rank_name(query: str, name: str) -> Rank | None:
    plain, words = name.lower(), humps(name)
    rest = len(plain) - len(query)
    if query == plain:
        return EXACT, 0
    if plain.startswith(query):
        return PREFIX, rest
    if _initials(query, words):
        return INITIALS, rest
    if any(_initials(query, words[start:]) for start in range(1, len(words))):
        return WORD, rest
    if query in plain:
        return PART, rest
    return (LETTERS, rest) if _in_order(query, words) else None


def _initials(query: str, words: tuple[str, ...]) -> bool:
    """Say whether the text is made of beginnings of successive words, words in between left out, first one not."""
    if not words or not query.startswith(words[0][0]):
        return False
    for size in range(len(query), 0, -1):
        if words[0].startswith(query[:size]):
            rest = query[size:]
            if not rest or any(_initials(rest, words[start:]) for start in range(1, len(words))):
                return True
    return False


def _in_order(query: str, words: tuple[str, ...]) -> bool:
    """Say whether the letters occur in order, the first one at the beginning of a word."""
    # One or two letters occur in order almost everywhere and would bury the summaries.
    if len(query) < 3:
        return False
    for start, word in enumerate(words):
        letters = iter("".join(words[start:]))
        if word[0] == query[0] and all(letter in letters for letter in query):
            return True
    return False
