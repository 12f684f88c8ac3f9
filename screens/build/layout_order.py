"""Rows of a layered layout and the order of cards within each row.

Own code rather than grandalf: its vertex sets are searched linearly, so building its graph is quadratic (1.0 s at 1,000
cards, 3.9 s at 2,000), and it recurses once for each card of a row.
"""

from __future__ import annotations

from bisect import bisect_right, insort
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

SWEEPS = 4
"""Passes down and up through the rows; crossings hardly fall after the third."""


@dataclass(frozen=True, slots=True)
class Links:
    """Hold a graph by number: who feeds whom, in which slot.

    Args:
        index: Number of each node, by id.
        sources: For each node `(source, slot)` in the order of slots.
        targets: For each node `(target, share)`, where share is the place of the slot on the target's top border, from
            0 at the left to 1 at the right.
    """

    index: Mapping[str, int]
    sources: list[list[tuple[int, int]]]
    targets: list[list[tuple[int, float]]]

    @classmethod
    def of(cls, ids: Sequence[str], edges: Iterable[tuple[str, str, int]]) -> Links:
        """Number the nodes and sort the edges by slot; edges of unknown nodes are left out."""
        index = {key: number for number, key in enumerate(ids)}
        sources: list[list[tuple[int, int]]] = [[] for _ in ids]
        targets: list[list[tuple[int, float]]] = [[] for _ in ids]
        for source, target, slot in edges:
            if source in index and target in index:
                sources[index[target]].append((index[source], slot))
        for node, feeding in enumerate(sources):
            feeding.sort(key=lambda link: link[1])
            for place, (feeder, _) in enumerate(feeding):
                targets[feeder].append((node, (place + 1) / (len(feeding) + 1)))
        return cls(index, sources, targets)


def rank(links: Links, pinned: Mapping[int, int]) -> list[int]:
    """Give each node the first row below everything that feeds it, or its pinned row where that is lower.

    A node that nothing feeds stands right above its first consumer.

    Raises:
        ValueError: The graph has a cycle.
    """
    count = len(links.sources)
    lowest = 2 * count + 20  # bounds what a hand-written position can ask for
    rows = [min(max(pinned.get(node, 0), 0), lowest) for node in range(count)]
    missing = [len(feeding) for feeding in links.sources]
    ready = [node for node in range(count) if not missing[node]]
    for node in ready:
        for target, _ in links.targets[node]:
            rows[target] = max(rows[target], rows[node] + 1)
            missing[target] -= 1
            if not missing[target]:
                ready.append(target)
    if len(ready) < count:
        raise ValueError(f"edges must form no cycle. Received: {count - len(ready)} nodes in or below a cycle")
    for node in range(count):
        if not links.sources[node] and links.targets[node] and node not in pinned:
            rows[node] = min(rows[target] for target, _ in links.targets[node]) - 1
    return rows


def flow(links: Links, rows: Sequence[int]) -> tuple[list[list[int]], list[list[int]]]:
    """Return who stands above and below each node in the main flow, which is all wires but the skips.

    A skip leads from a node to one that also takes from it by a longer way: a residual connection, say.
    """
    upstream = [0] * len(rows)
    above: list[list[int]] = [[] for _ in rows]
    below: list[list[int]] = [[] for _ in rows]
    for node in sorted(range(len(rows)), key=rows.__getitem__):
        sources = dict.fromkeys(source for source, _ in links.sources[node])
        beyond = 0
        for source in sources:
            beyond |= upstream[source]
        upstream[node] = beyond
        for source in sources:
            upstream[node] |= 1 << source
            if not beyond >> source & 1:
                above[node].append(source)
                below[source].append(node)
    return above, below


def components(links: Links) -> list[list[int]]:
    """Split the nodes into connected parts, each and all in the order of the nodes."""
    part = [-1] * len(links.sources)
    parts: list[list[int]] = []
    for start in range(len(part)):
        if part[start] >= 0:
            continue
        part[start] = len(parts)
        waiting = [start]
        for node in waiting:
            for other, _ in [*links.sources[node], *links.targets[node]]:
                if part[other] < 0:
                    part[other] = len(parts)
                    waiting.append(other)
        parts.append(sorted(waiting))
    return parts


def order_rows(links: Links, part: Sequence[int], rows: Sequence[int]) -> dict[int, list[int]]:
    """Order the nodes of each row of one connected part so that few wires cross.

    Args:
        links: The graph.
        part: Nodes of the part.
        rows: Row of each node.

    Returns:
        Nodes from left to right by row, rows ascending.
    """
    lines: dict[int, list[int]] = {row: [] for row in sorted({rows[node] for node in part})}
    for node in _inputs_first(links, part):
        lines[rows[node]].append(node)
    if all(len(line) == 1 for line in lines.values()):
        return lines
    best, fewest = lines, _crossings(links, lines, rows)
    for sweep in range(2 * SWEEPS):
        if not fewest:
            break
        lines = _sweep(links, lines, downwards=sweep % 2 == 0)
        crossings = _crossings(links, lines, rows)
        if crossings < fewest:
            best, fewest = lines, crossings
    return best


def _inputs_first(links: Links, part: Sequence[int]) -> list[int]:
    """List the nodes by a walk from the ends upwards, inputs in the order of slots: their order from left to right."""
    done: dict[int, None] = {}
    entered: set[int] = set()
    waiting = [(node, False) for node in reversed(part) if not links.targets[node]]
    while waiting:
        node, leaving = waiting.pop()
        if leaving:
            done[node] = None
        elif node not in entered:
            entered.add(node)
            waiting.append((node, True))
            waiting.extend((source, False) for source, _ in reversed(links.sources[node]))
    return list(done)


def _positions(lines: Mapping[int, Sequence[int]]) -> dict[int, float]:
    return {node: at - (len(line) - 1) / 2 for line in lines.values() for at, node in enumerate(line)}


def _sweep(links: Links, lines: Mapping[int, list[int]], downwards: bool) -> dict[int, list[int]]:
    """Sort each row by the mean position of the nodes that feed it, or, upwards, of those it feeds."""
    at = _positions(lines)
    result: dict[int, list[int]] = {}
    for row in sorted(lines, reverse=not downwards):
        line = lines[row]
        if downwards:
            near = [[at[source] for source, _ in links.sources[node]] for node in line]
        else:
            near = [[at[target] + share - 0.5 for target, share in links.targets[node]] for node in line]
        wish = {
            node: sum(places) / len(places) if places else at[node] for node, places in zip(line, near, strict=True)
        }
        result[row] = sorted(line, key=wish.__getitem__)
        at.update(_positions({row: result[row]}))
    return {row: result[row] for row in lines}


def _crossings(links: Links, lines: Mapping[int, Sequence[int]], rows: Sequence[int]) -> int:
    """Count the crossings of wires between neighbouring rows."""
    at = _positions(lines)
    total = 0
    for row, line in lines.items():
        seen: list[float] = []
        for node in line:
            ends = [at[target] + share / 2 for target, share in links.targets[node] if rows[target] == row + 1]
            total += sum(len(seen) - bisect_right(seen, end) for end in ends)
            for end in ends:
                insort(seen, end)
    return total
