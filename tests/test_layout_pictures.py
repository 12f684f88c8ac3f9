"""Layouts of small graphs as pictures, and the rules of the look one by one."""

from __future__ import annotations

from inspect import cleandoc

import pytest
from canvas_cases import drawing, laid_out

from kerastui.screens.build.layout import Edge, Node, Spacing, lay_out

SNUG = Spacing(columns=3, rows=1, margin=1, row_height=1, snug=True)


def shown(text: str) -> str:
    """Take a picture out of the test's indentation."""
    return cleandoc(text).replace("·", " ")


@pytest.mark.parametrize(
    ("nodes", "edges", "expected"),
    [
        (
            "a b",
            "a>b",
            """
            a####
              │
              ▼
            b####
            """,
        ),
        (
            "a b c",
            "a>c b>c",
            """
            a####   b####
              ╰───┬───╯
                  ▼
                c####
            """,
        ),
        (
            "a b c",
            "a>b a>c",
            """
            ····a####
              ╭───┴───╮
              ▼       ▼
            b####   c####
            """,
        ),
        (
            "a b c",
            "a>b b>c a>c",
            """
            a####
              ├───╮
              ▼   │
            b#### │
              ├───╯
              ▼
            c####
            """,
        ),
        (
            "a b c",
            "a>b",
            """
            a####   c####
              │
              ▼
            b####
            """,
        ),
        (
            "a b m",
            "a>m a>m b>m",
            """
            a####   b####
              ╰───┬───╯
                  ▼
                m####
            """,
        ),
    ],
    ids=["straight", "merge", "branch", "skip", "disconnected", "twice"],
)
def test_picture(nodes: str, edges: str, expected: str) -> None:
    assert drawing(laid_out(nodes, edges)) == shown(expected)


def test_separate_arrows_where_inputs_disagree() -> None:
    expected = """
    a########   b########
        ╰───╮   ╭───╯
            ▼   ▼
          c########
    """
    assert drawing(laid_out("a b c", "a>c b>c", apart=["c"], width=9)) == shown(expected)


def test_crossing_cuts_the_vertical() -> None:
    layout = laid_out("a b c d", "a>c b>c a>d b>d", width=8)
    text = drawing(layout)
    assert "┼" not in text
    assert text.count("▼") == 4


def test_wires_never_tell_of_a_connection_that_is_not_there() -> None:
    # `a` feeds both; were its wire joined with that of `b`, `b` would seem to feed `d` as well.
    layout = laid_out("a b c d", "a>c b>c a>d", width=8)
    arrows = layout.wires.arrows[layout.boxes["c"].y - 1]
    assert sorted(arrows.values()) == ["c", "c", "d"]


def test_snug_gaps_leave_out_the_arrow_under_a_branch() -> None:
    expected = """
    a####
      ▼
    b####
      ├───╮
    c#### │
      ├───╯
    d####
    """
    assert drawing(laid_out("a b c d", "a>b b>c c>d b>d", spacing=SNUG)) == shown(expected)


def test_lanes_of_nested_skips_lie_inside_each_other() -> None:
    layout = laid_out("a b c d e f", "a>b b>c c>d d>e e>f b>e a>f")
    inner = {x for x, _ in layout.wires.paths["b", "e", 1]}
    outer = {x for x, _ in layout.wires.paths["a", "f", 1]}
    assert layout.boxes["c"].right <= max(inner) < max(outer)


def test_inputs_stand_above_their_consumer() -> None:
    layout = laid_out("a late b c d", "a>b b>c c>d late>d")
    assert layout.rows["late"] == layout.rows["d"] - 1


def test_order_of_inputs_is_left_to_right() -> None:
    layout = laid_out("p q r m", "r>m p>m q>m")
    assert sorted("pqr", key=lambda key: layout.boxes[key].x) == ["r", "p", "q"]


def test_pinned_card_keeps_its_place_and_others_theirs() -> None:
    free = laid_out("a b c", "a>b b>c")
    x, row = free.boxes["b"].x + 10, free.rows["b"] + 2
    moved = laid_out("a b c", "a>b b>c", pinned={"b": (x, row)})
    assert (moved.boxes["b"].x + moved.origin, moved.rows["b"]) == (x, row)
    assert moved.boxes["a"].x + moved.origin == free.boxes["a"].x + free.origin
    assert moved.rows["c"] == row + 1


def test_pinned_card_never_stands_above_what_feeds_it() -> None:
    layout = laid_out("a b c", "a>b b>c", pinned={"c": (0, 0)})
    assert layout.rows["c"] == 2


def test_pinned_cards_on_one_place_move_apart() -> None:
    layout = laid_out("a b", pinned={"a": (4, 1), "b": (5, 1)})
    boxes = sorted(layout.boxes.values(), key=lambda box: box.x)
    assert boxes[0].right <= boxes[1].x


def test_unknown_cards_are_left_out() -> None:
    layout = lay_out([Node("a", 6, 1)], [Edge("a", "gone"), Edge("gone", "a")], {"gone": (3, 3)})
    assert list(layout.boxes) == ["a"]
    assert not layout.wires.paths


def test_nothing() -> None:
    layout = lay_out([], [])
    assert (layout.width, layout.height, layout.boxes) == (0, 0, {})


def test_cycle_is_refused() -> None:
    with pytest.raises(ValueError, match="no cycle"):
        laid_out("a b", "a>b b>a")


def test_dots_have_a_pitch_of_two_columns_and_one_row() -> None:
    layout = laid_out("a b c", "a>c b>c", width=1, spacing=Spacing(columns=1, rows=0, margin=0, row_height=1))
    assert (layout.width, layout.height) == (3, 2)
    assert (layout.boxes["a"].x, layout.boxes["b"].x, layout.boxes["c"].x) == (0, 2, 1)
    assert not layout.wires.paths
