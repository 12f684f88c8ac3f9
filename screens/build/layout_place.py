"""Columns of cards in a layered layout: near their neighbours, apart from each other, on whole cells."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from itertools import pairwise
from math import floor

from kerastui.screens.build.layout_order import Links, flow

PASSES = 6
"""Passes through the rows, up and down by turns; the last one goes down, so that chains hang straight."""

PINNED_WEIGHT = 1e6
"""Weight of a card moved by hand against its neighbours in the row, which weigh 1: it is they that give way."""


def place(
    links: Links,
    rows: Sequence[int],
    orders: Sequence[dict[int, list[int]]],
    widths: Sequence[int],
    gap: int,
    pinned: Mapping[int, int],
) -> list[int]:
    """Return the left column of each node.

    Args:
        links: The graph.
        rows: Row of each node.
        orders: For each connected part its nodes from left to right, by row.
        widths: Width of each node, in cells.
        gap: Least cells between two nodes of a row.
        pinned: Left column of nodes moved by hand.
    """
    centres = [0.0] * len(widths)
    above, below = flow(links, rows)
    left = 0.0
    for order in orders:
        _settle(above, below, order, widths, gap, centres)
        part = [node for line in order.values() for node in line]
        first = min(centres[node] - widths[node] / 2 for node in part)
        last = max(centres[node] + widths[node] / 2 for node in part)
        for node in part:
            centres[node] += left - first
        left += last - first + gap
    if pinned:
        _pin(rows, widths, gap, pinned, centres)
    # To an eighth first, so that a chain at a half cell does not waver by rounding errors; then halves up, which keeps
    # whole distances whole.
    return [floor(round((centre - width / 2) * 8) / 8 + 0.5) for centre, width in zip(centres, widths, strict=True)]


def _settle(
    above: Sequence[Sequence[int]],
    below: Sequence[Sequence[int]],
    order: dict[int, list[int]],
    widths: Sequence[int],
    gap: int,
    centres: list[float],
) -> None:
    """Move the nodes of one connected part towards those they are wired to, `centres` in place."""
    for line in order.values():
        _set(line, spread([0.0] * len(line), [1.0] * len(line), [widths[node] for node in line], gap), centres)
    for turn in range(PASSES):
        upwards = turn % 2 == 0
        for line in reversed(order.values()) if upwards else order.values():
            wishes, weights = [], []
            for node in line:
                pulls = [centres[other] for other in (below if upwards else above)[node]]
                wishes.append(sum(pulls) / len(pulls) if pulls else centres[node])
                weights.append(1.0 if pulls else 0.1)
            _set(line, spread(wishes, weights, [widths[node] for node in line], gap), centres)


def _set(line: Sequence[int], places: Sequence[float], centres: list[float]) -> None:
    for node, at in zip(line, places, strict=True):
        centres[node] = at


def _pin(rows: Sequence[int], widths: Sequence[int], gap: int, pinned: Mapping[int, int], centres: list[float]) -> None:
    """Put the pinned nodes where they were moved to; the other nodes of their rows make room."""
    lines: dict[int, list[int]] = defaultdict(list)
    for node, row in enumerate(rows):
        lines[row].append(node)
    for node, x in pinned.items():
        centres[node] = x + widths[node] / 2
    for row in {rows[node] for node in pinned}:
        line = sorted(lines[row], key=centres.__getitem__)
        weights = [PINNED_WEIGHT if node in pinned else 1.0 for node in line]
        _set(line, spread([centres[node] for node in line], weights, [widths[node] for node in line], gap), centres)


def spread(wishes: Sequence[float], weights: Sequence[float], widths: Sequence[int], gap: int) -> list[float]:
    """Return the centres nearest to the wished ones, in weighted least squares, that keep order and distances.

    The pool-adjacent-violators method: linear in the number of nodes.

    Args:
        wishes: Wished centre of each node, from left to right.
        weights: How much each wish counts.
        widths: Width of each node.
        gap: Least cells between neighbours.
    """
    offsets = [0.0]
    for left, right in pairwise(widths):
        offsets.append(offsets[-1] + (left + right) / 2 + gap)
    blocks: list[tuple[float, float, int]] = []
    for wish, weight, offset in zip(wishes, weights, offsets, strict=False):
        mean, mass, count = wish - offset, weight, 1
        while blocks and blocks[-1][0] > mean:
            other, more, others = blocks.pop()
            mean, mass, count = (mean * mass + other * more) / (mass + more), mass + more, count + others
        blocks.append((mean, mass, count))
    starts = [mean for mean, _, count in blocks for _ in range(count)]
    return [start + offset for start, offset in zip(starts, offsets, strict=False)]
