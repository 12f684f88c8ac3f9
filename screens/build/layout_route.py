"""Wires of a layered layout: lanes past cards, entries into cards, tracks in the gaps between rows.

A wire to the next row runs down from the port, across in a track of the gap, and down into its target. A wire over
several rows has a lane: a column without cards all the way. All wires of one source share their runs.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from kerastui.screens.build.layout_order import Links
from kerastui.screens.build.wires import Wires, port_columns

PAD = 64
"""Columns left of all cards that lanes may use."""

LEFT_COST = 8
"""Columns of detour a lane takes rather than run left of what it passes."""


class Sized(Protocol):
    """A card as the router sees it."""

    @property
    def id(self) -> str:
        """Identifier."""

    @property
    def width(self) -> int:
        """Columns."""

    @property
    def height(self) -> int:
        """Rows."""

    @property
    def merge(self) -> bool:
        """Whether several inputs may meet in one arrow."""

    @property
    def ports(self) -> int:
        """How many outputs it has."""


class Distances(Protocol):
    """Distances as the router needs them; see `layout.Spacing`."""

    @property
    def rows(self) -> int:
        """Least rows between two rows of cards."""

    @property
    def margin(self) -> int:
        """Cells between a lane and a card."""

    @property
    def snug(self) -> bool:
        """Whether a gap may go without a row of arrows."""


@dataclass(frozen=True, slots=True)
class Routing:
    """Hold the vertical measures and the wires of a layout.

    Args:
        tops: First cell row of each row of cards.
        wires: The wires, with the leftmost column in use shifted to 0.
        left: The column that was shifted to 0.
    """

    tops: list[int]
    wires: Wires
    left: int


@dataclass(slots=True)
class Net:
    """Gather the wires that are joined within one gap.

    Args:
        tops: Columns where they come from above.
        bottoms: Columns where they go on downwards.
        track: Row of the gap, from 0, in which they run across.
    """

    tops: set[int] = field(default_factory=set)
    bottoms: set[int] = field(default_factory=set)
    track: int = 0

    @property
    def left(self) -> int:
        """Leftmost column."""
        return min(self.tops | self.bottoms)

    @property
    def right(self) -> int:
        """Rightmost column."""
        return max(self.tops | self.bottoms)


class Columns:
    """Keep the taken columns of a list of rows, for ranges of rows at once.

    A segment tree of bit masks: taking or asking for a range costs the logarithm of the number of rows.
    """

    def __init__(self, rows: int) -> None:
        self._size = rows
        self._own = [0] * (2 * rows)
        self._any = [0] * (2 * rows)

    def take(self, first: int, last: int, mask: int) -> None:
        """Mark the columns of `mask` as taken in the rows from `first` to `last`."""
        low, high = first + self._size, last + self._size + 1
        while low < high:
            if low & 1:
                self._mark(low, mask)
                low += 1
            if high & 1:
                high -= 1
                self._mark(high, mask)
            low, high = low // 2, high // 2

    def _mark(self, node: int, mask: int) -> None:
        self._own[node] |= mask
        while node:
            self._any[node] |= mask
            node //= 2

    def taken(self, first: int, last: int) -> int:
        """Return the columns taken in any row from `first` to `last`."""
        low, high = first + self._size, last + self._size + 1
        found = 0
        for node in (low, high - 1):
            while node := node // 2:
                found |= self._own[node]
        while low < high:
            if low & 1:
                found |= self._any[low]
                low += 1
            if high & 1:
                high -= 1
                found |= self._any[high]
            low, high = low // 2, high // 2
        return found


def nearest_free(taken: int, wish: int) -> tuple[int, int | None]:
    """Return the nearest free bits at or above and at or below a wished one, `None` where there is none below."""
    above = taken >> wish
    upwards = wish + (~above & (above + 1)).bit_length() - 1
    free = ~taken & ((1 << (wish + 1)) - 1)
    return upwards, free.bit_length() - 1 if free else None


def route(
    links: Links,
    rows: Sequence[int],
    lefts: Sequence[int],
    nodes: Sequence[Sized],
    heights: Sequence[int],
    spacing: Distances,
    ports: Mapping[tuple[int, int, int], int],
) -> Routing:
    """Route all wires and place the rows of cards.

    Args:
        links: The graph.
        rows: Row of each node.
        lefts: Left column of each node.
        nodes: Size of each node.
        heights: Height of each row.
        spacing: Distances; without rows between the cards there are no wires.
        ports: Which output of its source a wire takes, by source, target and slot; the first where absent.
    """
    if not nodes:
        return Routing([], Wires(), 0)
    if not spacing.rows:
        return Routing([sum(heights[:row]) for row in range(len(heights))], Wires(), min(lefts))
    router = _Router(links, rows, lefts, nodes, spacing, ports)
    router.find_lanes(len(heights))
    gaps = [router.plan_gap(gap) for gap in range(len(heights) - 1)]
    tops = [0]
    for height, gap in zip(heights, gaps, strict=False):
        tops.append(tops[-1] + height + gap)
    left = min([*lefts, *router.lanes.values()])
    return Routing(tops, router.draw(tops, heights, left), left)


def port_column(node: Sized, port: int) -> int:
    """Return the column of an output, from the left of its card: they are spread evenly on the lower border."""
    return port_columns(node.width, max(node.ports, port + 1))[port]


class _Router:
    """Carry the state of one routing run.

    Wires come from **outlets**, each an output of a node with a port of its own; all wires of one share their runs.
    """

    def __init__(
        self,
        links: Links,
        rows: Sequence[int],
        lefts: Sequence[int],
        nodes: Sequence[Sized],
        spacing: Distances,
        ports: Mapping[tuple[int, int, int], int],
    ) -> None:
        self.rows, self.lefts, self.nodes, self.spacing = rows, lefts, nodes, spacing
        self.middles = [left + node.width // 2 for left, node in zip(lefts, nodes, strict=True)]
        self._number(links, ports)
        self.reach = [max((rows[target] for target in targets), default=0) for targets in self.targets]
        self.lanes: dict[int, int] = {}
        self.entries: dict[tuple[int, int], int] = {}
        self.nets: dict[int, dict[int, Net]] = defaultdict(dict)
        self.member: dict[tuple[int, int], int] = {}
        self.stops: dict[int, dict[int, list[int]]] = defaultdict(dict)
        self.sinks: dict[int, list[int]] = defaultdict(list)
        for source, targets in enumerate(self.targets):
            for target in targets:
                self.stops[rows[target] - 1].setdefault(source, []).append(target)
            self.stops[self.row(source)].setdefault(source, [])
        for target, feeding in enumerate(self.sources):
            if feeding:
                self.sinks[rows[target] - 1].append(target)

    def _number(self, links: Links, ports: Mapping[tuple[int, int, int], int]) -> None:
        """Number the outlets: where they are, whom they feed, and who feeds each node."""
        numbers: dict[tuple[int, int], int] = {}
        self.home: list[int] = []
        self.ports: list[int] = []
        self.targets: list[list[int]] = []
        self.sources: list[list[tuple[int, int]]] = [[] for _ in self.nodes]
        for target, feeding in enumerate(links.sources):
            for source, slot in feeding:
                port = ports.get((source, target, slot), 0)
                outlet = numbers.setdefault((source, port), len(numbers))
                if outlet == len(self.home):
                    self.home.append(source)
                    self.ports.append(self.lefts[source] + port_column(self.nodes[source], port))
                    self.targets.append([])
                self.sources[target].append((outlet, slot))
                self.targets[outlet].append(target)

    def row(self, outlet: int) -> int:
        """Return the row of the node that an outlet belongs to."""
        return self.rows[self.home[outlet]]

    def find_lanes(self, count: int) -> None:
        """Choose a lane for each source with a wire over several rows, short ones first so that they lie inside."""
        base = min(self.lefts) - PAD
        cards, lanes = Columns(count), Columns(count)
        ports = [0] * count
        margin = self.spacing.margin
        for node, (row, left) in enumerate(zip(self.rows, self.lefts, strict=True)):
            width = self.nodes[node].width
            cards.take(row, row, ((1 << (width + 2 * margin)) - 1) << (left - margin - base))
        for outlet, port in enumerate(self.ports):
            ports[self.row(outlet)] |= 1 << (port - base)
        far = [(self.reach[u] - self.row(u), self.row(u), port, u) for u, port in enumerate(self.ports)]
        for span, row, port, source in sorted(entry for entry in far if entry[0] > 1):
            last = row + span
            others = ports[row] & ~(1 << (port - base))
            taken = cards.taken(row + 1, last - 1) | lanes.taken(row, last) | others
            lane = self._choose_lane(source, taken, base)
            self.lanes[source] = lane
            lanes.take(row + 1, last - 1, 0b111 << (lane - base - 1))

    def _choose_lane(self, source: int, taken: int, base: int) -> int:
        port = self.ports[source]
        far = [self.middles[t] for t in self.targets[source] if self.rows[t] > self.row(source) + 1]
        aim = sum(far) // len(far)
        free = {bit for wish in (port, aim) for bit in nearest_free(taken, wish - base) if bit}

        def cost(bit: int) -> tuple[int, int]:
            x = bit + base
            return abs(x - port) + abs(x - aim) + (LEFT_COST if x < port else 0), x

        return min(free, key=cost) + base

    def _top(self, source: int, gap: int) -> int:
        return self.ports[source] if self.row(source) == gap else self.lanes[source]

    def _goes_on(self, source: int, gap: int) -> bool:
        return self.reach[source] > gap + 1

    def plan_gap(self, gap: int) -> int:
        """Choose entries, nets and tracks of the gap below a row; return its height."""
        stops = self.stops.get(gap, {})
        foreign = {self._top(source, gap): source for source in stops}
        leader = {source: source for source in stops}
        for target in self.sinks.get(gap, ()):
            self._enter(target, gap, foreign, leader)
        for source, targets in stops.items():
            self.member[gap, source] = _find(leader, source)
            net = self.nets[gap].setdefault(_find(leader, source), Net())
            net.tops.add(self._top(source, gap))
            if self._goes_on(source, gap):
                net.bottoms.add(self.lanes[source])
            for target in targets:
                slots = range(len(self.sources[target]))
                net.bottoms.update(self.entries[target, s] for s in slots if self.sources[target][s][0] == source)
        return self._height(gap, _assign_tracks(self.nets[gap].values()))

    def _enter(self, target: int, gap: int, foreign: Mapping[int, int], leader: dict[int, int]) -> None:
        """Choose the columns by which the wires enter a card, and join wires that meet in one arrow."""
        groups = self._groups(target, gap)
        left, width = self.lefts[target], self.nodes[target].width
        used: set[int] = set()
        for number, group in enumerate(groups):
            sources = {self.sources[target][place][0] for place in group}
            aside = width * (number + 1) / (len(groups) + 1) - width / 2
            wish = self.middles[target] + round(aside)
            column = _step_aside(
                min(max(wish, left + 1), left + width - 2),
                range(left + 1, left + width - 1),
                used | {x for x, source in foreign.items() if source not in sources and left <= x < left + width},
            )
            used.add(column)
            for place in group:
                self.entries[target, place] = column
            first, *rest = sources
            for other in rest:
                leader[_find(leader, other)] = _find(leader, first)
        self._join_crowded(target, leader)

    def _join_crowded(self, target: int, leader: dict[int, int]) -> None:
        """Join the wires that share a column because a card has more inputs than columns."""
        feeding = self.sources[target]
        by_column: dict[int, int] = {}
        for place, (source, _) in enumerate(feeding):
            first = by_column.setdefault(self.entries[target, place], source)
            leader[_find(leader, source)] = _find(leader, first)

    def _groups(self, target: int, gap: int) -> list[list[int]]:
        """Group the inputs of a card by arrow: places among its inputs, from left to right.

        Wires meet in one arrow only where none of them leads elsewhere too: otherwise the picture would tell of wires
        that are not there.
        """
        feeding = self.sources[target]
        if not self.nodes[target].merge:
            return [[place] for place in range(len(feeding))]
        groups: dict[int, list[int]] = {}
        for place, (source, _) in enumerate(feeding):
            alone = not self._goes_on(source, gap) and set(self.stops[gap][source]) == {target}
            groups.setdefault(-1 if alone else source, []).append(place)
        return list(groups.values())

    def _height(self, gap: int, tracks: int) -> int:
        if not self.spacing.snug:
            return max(self.spacing.rows, tracks + 1)
        nets = self.nets[gap].values()
        columns = [(net, x) for net in nets for x in net.tops | net.bottoms]
        across = [net for net in nets if net.left < net.right]
        straight = all(self.entries[t, s] in self._net(gap, t, s).tops for t, s in self._entries_of(gap))
        crossed = any(net.left < x < net.right for net in across for other, x in columns if other is not net)
        return max(self.spacing.rows, tracks + (1 if tracks > 1 or not straight or crossed else 0))

    def _entries_of(self, gap: int) -> list[tuple[int, int]]:
        return [(t, place) for t in self.sinks.get(gap, ()) for place in range(len(self.sources[t]))]

    def _net(self, gap: int, target: int, place: int) -> Net:
        return self.nets[gap][self.member[gap, self.sources[target][place][0]]]

    def draw(self, tops: Sequence[int], heights: Sequence[int], left: int) -> Wires:
        """Draw all runs, with column `left` as column 0."""
        wires = Wires()
        for gap in range(len(tops) - 1):
            top, bottom = tops[gap] + heights[gap], tops[gap + 1] - 1
            for number, net in self.nets[gap].items():
                track = top + net.track
                if net.left < net.right:
                    wires.add_across(track, net.left - left, net.right - left, number)
                for x in net.tops:
                    wires.add_down(x - left, top - 1, track, number)
                for x in net.bottoms:
                    wires.add_down(x - left, track, bottom + 1, number)
            for target, place in self._entries_of(gap):
                wires.arrows[bottom][self.entries[target, place] - left] = self.nodes[target].id
        self._draw_stems(wires, tops, heights, left)
        self._draw_lanes(wires, tops, heights, left)
        self._draw_paths(wires, tops, heights, left)
        wires.sort()
        return wires

    def _draw_stems(self, wires: Wires, tops: Sequence[int], heights: Sequence[int], left: int) -> None:
        """Draw what leads from cards that are lower than their row down to its end."""
        for outlet, (home, port) in enumerate(zip(self.home, self.ports, strict=True)):
            row = self.rows[home]
            if self.nodes[home].height < heights[row]:
                first, last = tops[row] + self.nodes[home].height - 1, tops[row] + heights[row] - 1
                wires.add_down(port - left, first, last, self.member[row, outlet])

    def _draw_lanes(self, wires: Wires, tops: Sequence[int], heights: Sequence[int], left: int) -> None:
        for source, lane in self.lanes.items():
            stops = {self.rows[target] - 1 for target in self.targets[source]}
            gap = self.row(source)
            for stop in sorted(stops - {gap}):
                wires.add_down(lane - left, tops[gap + 1], tops[stop] + heights[stop] - 1, source)
                gap = stop

    def _draw_paths(self, wires: Wires, tops: Sequence[int], heights: Sequence[int], left: int) -> None:
        for target, feeding in enumerate(self.sources):
            for place, (source, slot) in enumerate(feeding):
                first, last = self.row(source), self.rows[target] - 1
                port, entry = self.ports[source] - left, self.entries[target, place] - left
                start = tops[first] + self.nodes[self.home[source]].height
                tracks = [
                    tops[gap] + heights[gap] + self.nets[gap][self.member[gap, source]].track for gap in (first, last)
                ]
                points = [(port, start), (port, tracks[0])]
                if first != last:
                    lane = self.lanes[source] - left
                    points += [(lane, tracks[0]), (lane, tracks[1])]
                points += [(entry, tracks[1]), (entry, tops[last + 1] - 1)]
                wires.paths[self.nodes[self.home[source]].id, self.nodes[target].id, slot] = tuple(points)


def _find(leader: dict[int, int], item: int) -> int:
    while leader[item] != item:
        item = leader[item]
    return item


def _step_aside(wish: int, allowed: range, taken: set[int]) -> int:
    """Return the nearest allowed column that is not taken, or the wished one where all are."""
    return min((x for x in allowed if x not in taken), key=lambda x: (abs(x - wish), x), default=wish)


def _assign_tracks(nets: Iterable[Net]) -> int:
    """Give each net that runs across the first track where it touches no other; return the number of tracks."""
    ends: list[int] = []
    for net in sorted((net for net in nets if net.left < net.right), key=lambda net: (net.left, -net.right)):
        net.track = next((track for track, end in enumerate(ends) if end + 1 < net.left), len(ends))
        ends[net.track : net.track + 1] = [net.right]
    return len(ends)
