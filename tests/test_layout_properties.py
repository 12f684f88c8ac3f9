"""Properties of layouts of any graph: nothing overlaps, wires connect what they should, the cost grows as promised."""

from __future__ import annotations

import inspect
import sys
from functools import cache
from itertools import combinations, pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kerastui.screens.build import layout_order, layout_place
from kerastui.screens.build.canvas_view import Level
from kerastui.screens.build.layout import Edge, Layout, Node, lay_out
from kerastui.screens.build.layout_place import spread
from kerastui.screens.build.layout_route import Columns, nearest_free, port_column
from kerastui.screens.build.wires import EAST, LEVEL, NORTH, SOUTH, UPRIGHT, WEST

STEPS = {NORTH: (0, -1), SOUTH: (0, 1), EAST: (1, 0), WEST: (-1, 0)}
OPPOSITE = {NORTH: SOUTH, SOUTH: NORTH, EAST: WEST, WEST: EAST}


@st.composite
def graphs(draw: st.DrawFn) -> tuple[list[Node], list[Edge], dict[str, tuple[int, int]], Level]:
    """Draw a graph without cycles, some cards moved by hand or unfolded, and a level."""
    level = draw(st.sampled_from([Level.CARD, Level.LINE]))
    count = draw(st.integers(1, 14))
    wider, higher = (draw(st.lists(st.sampled_from([0, 0, 0, n, 19]), min_size=count, max_size=count)) for n in (4, 7))
    sizes = [(level.size[0] + wide, level.size[1] + high) for wide, high in zip(wider, higher, strict=True)]
    ports = st.sampled_from([1, 1, 3])
    nodes = [Node(str(n), *size, draw(st.booleans()), draw(ports)) for n, size in enumerate(sizes)]
    edges = []
    for target in range(1, count):
        for slot, source in enumerate(draw(st.lists(st.integers(0, target - 1), max_size=4))):
            edges.append(Edge(str(source), str(target), slot, draw(st.integers(0, nodes[source].ports - 1))))
    order = draw(st.permutations(nodes))
    places = st.tuples(st.integers(-80, 160), st.integers(-2, 12))
    pinned = draw(st.dictionaries(st.sampled_from([node.id for node in nodes]), places, max_size=3))
    return order, edges, pinned, level


def reached(layout: Layout, source: Node, port: int) -> set[str]:
    """Follow the drawn wires from a port, never upwards, as a reader's eye does; return the cards they enter."""
    box = layout.boxes[source.id]
    rows = cache(lambda y: layout.wires.cells(y, 0, layout.width))
    found: set[str] = set()
    waiting = [(box.x + port_column(source, port), box.bottom, SOUTH)]
    seen: set[tuple[int, int, int]] = set()
    while waiting:
        x, y, heading = waiting.pop()
        if (x, y, heading) in seen:
            continue
        seen.add((x, y, heading))
        sides = rows(y).get(x, 0)
        if heading & UPRIGHT and not sides & UPRIGHT:
            onwards = [heading] if sides & LEVEL else []  # cut by a wire that passes
        else:
            assert sides & OPPOSITE[heading], f"a wire ends in the void at {x, y}"
            onwards = [side for side in (SOUTH, EAST, WEST) if sides & side and side != OPPOSITE[heading]]
        for side in onwards:
            dx, dy = STEPS[side]
            at = x + dx, y + dy
            entered = [key for key, other in layout.boxes.items() if other.contains(*at)]
            if entered:
                assert side == SOUTH, "a wire runs into the side of a card"
                assert x in layout.wires.arrows[y]
                found.add(entered[0])
            else:
                waiting.append((*at, side))
    return found


@settings(max_examples=60, deadline=None)
@given(graphs())
def test_wires_lead_from_each_card_to_exactly_its_consumers(
    case: tuple[list[Node], list[Edge], dict[str, tuple[int, int]], Level],
) -> None:
    nodes, edges, pinned, level = case
    layout = lay_out(nodes, edges, pinned, level.spacing)
    for node in nodes:
        for port in range(node.ports):
            consumers = {edge.target for edge in edges if (edge.source, edge.port) == (node.id, port)}
            assert (reached(layout, node, port) if consumers else set()) == consumers


@settings(max_examples=60, deadline=None)
@given(graphs())
def test_cards_are_apart_in_order_and_free_of_wires(
    case: tuple[list[Node], list[Edge], dict[str, tuple[int, int]], Level],
) -> None:
    nodes, edges, pinned, level = case
    layout = lay_out(nodes, edges, pinned, level.spacing)
    boxes = list(layout.boxes.values())
    for one, other in combinations(boxes, 2):
        beside = one.right < other.x or other.right < one.x
        assert beside or one.bottom <= other.y or other.bottom <= one.y
    for edge in edges:
        assert layout.boxes[edge.target].y > layout.boxes[edge.source].bottom
    for (source, target, _), path in layout.wires.paths.items():
        for (x0, y0), (x1, y1) in pairwise(path):
            for x in range(min(x0, x1), max(x0, x1) + 1):
                for y in range(min(y0, y1), max(y0, y1) + 1):
                    assert not any(box.contains(x, y) for box in boxes), (source, target)
    assert all(box.x >= 0 and box.right <= layout.width and box.bottom <= layout.height for box in boxes)


@settings(max_examples=40, deadline=None)
@given(graphs())
def test_same_graph_same_layout(case: tuple[list[Node], list[Edge], dict[str, tuple[int, int]], Level]) -> None:
    nodes, edges, pinned, level = case
    first, second = (lay_out(nodes, edges, pinned, level.spacing) for _ in range(2))
    assert (first.boxes, first.wires.paths) == (second.boxes, second.wires.paths)


@given(st.lists(st.tuples(st.floats(-50, 50), st.floats(0.1, 10), st.integers(1, 9)), max_size=12), st.integers(0, 5))
def test_spread_keeps_distances_and_leaves_what_fits(rows: list[tuple[float, float, int]], gap: int) -> None:
    wishes, weights, widths = ([row[n] for row in rows] for n in range(3))
    places = spread(wishes, weights, [int(width) for width in widths], gap)
    for (a, wide), (b, narrow) in pairwise(zip(places, widths, strict=True)):
        assert b - a >= (wide + narrow) / 2 + gap - 1e-6
    settled = spread(places, weights, [int(width) for width in widths], gap)
    assert settled == pytest.approx(places, abs=1e-6)


@given(
    st.integers(1, 20),
    st.lists(st.tuples(st.integers(0, 19), st.integers(0, 19), st.integers(0, 255)), max_size=10),
    st.integers(0, 19),
    st.integers(0, 19),
)
def test_columns_know_what_is_taken_in_any_range(
    size: int, takings: list[tuple[int, int, int]], first: int, last: int
) -> None:
    columns, rows = Columns(size), [0] * size
    for low, high, mask in takings:
        low, high = sorted((low % size, high % size))
        columns.take(low, high, mask)
        for row in range(low, high + 1):
            rows[row] |= mask
    first, last = sorted((first % size, last % size))
    expected = 0
    for row in range(first, last + 1):
        expected |= rows[row]
    assert columns.taken(first, last) == expected


@given(st.integers(0, 2**40), st.integers(0, 45))
def test_nearest_free(taken: int, wish: int) -> None:
    above, below = nearest_free(taken, wish)
    assert above == next(bit for bit in range(wish, 60) if not taken >> bit & 1)
    assert below == next((bit for bit in range(wish, -1, -1) if not taken >> bit & 1), None)


def test_chain_of_a_thousand_needs_no_recursion() -> None:
    nodes = [Node(str(n), 26, 3) for n in range(1000)]
    edges = [Edge(str(n - 1), str(n)) for n in range(1, 1000)]
    limit = sys.getrecursionlimit()
    sys.setrecursionlimit(len(inspect.stack(0)) + 60)
    try:
        layout = lay_out(nodes, edges)
    finally:
        sys.setrecursionlimit(limit)
    assert layout.height == 1000 * 5 - 2
    assert layout.width == 26


def test_work_grows_with_the_size(monkeypatch: pytest.MonkeyPatch) -> None:
    """Count the steps instead of the time: cards placed and crossings looked at, per card."""
    counted = {"placed": 0}
    plain = layout_place.spread

    def counting(wishes: list[float], weights: list[float], widths: list[int], gap: int) -> list[float]:
        counted["placed"] += len(wishes)
        return plain(wishes, weights, widths, gap)

    monkeypatch.setattr(layout_place, "spread", counting)
    work = []
    for count in (100, 1000):
        counted["placed"] = 0
        nodes = [Node(str(n), 26, 3) for n in range(count)]
        edges = [Edge(str(n - step), str(n)) for n in range(4, count) for step in (1, 3)]
        lay_out(nodes, edges)
        work.append(counted["placed"] / count)
    assert work[1] == pytest.approx(work[0], rel=0.01)


def test_order_undoes_a_crossing() -> None:
    links = layout_order.Links.of(list("abcd"), [("a", "d", 0), ("b", "c", 0)])
    rows = layout_order.rank(links, {})
    assert layout_order.components(links) == [[0, 3], [1, 2]]
    joined = layout_order.Links.of(list("rabcd"), [("r", "a", 0), ("r", "b", 0), ("a", "d", 0), ("b", "c", 0)])
    rows = layout_order.rank(joined, {})
    order = layout_order.order_rows(joined, range(5), rows)
    straight = {"".join("rabcd"[node] for node in order[row]) for row in (1, 2)}
    assert straight in ({"ab", "dc"}, {"ba", "cd"})
