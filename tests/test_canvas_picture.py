"""What the canvas draws, as text, at each level and in each state."""

from __future__ import annotations

from dataclasses import replace

import pytest
from canvas_cases import CanvasApp, chain, picture, two_view
from textual.strip import Strip

from kerastui.screens.build import canvas_pane
from kerastui.screens.build.canvas_paint import Looks, paint_row
from kerastui.screens.build.canvas_scene import Scene
from kerastui.screens.build.canvas_view import CardView, EdgeView, Ghost, GraphView, Level
from kerastui.screens.build.cards import Look, draw, shorten, shorten_name
from kerastui.screens.widgets.glyphs import use_ascii

CARD_LEVEL = """\
 ╭─ ◇ pixels ───── Input ─╮        ╭─ ◇ strokes ──── Input ─╮
 │ (∅, 64)        float32 │        │ (∅, 64)        float32 │
 ╰────────────┬───────────╯        ╰────────────┬───────────╯
              │                                 │
              ▼                                 ▼
 ┏━ ≡1 project  Dense 32 ━┓        ╭─ ≡2 project  Dense 32 ─╮
 ┃ (∅, 32)          2,080 ┃╌╌╌╌╌╌╌╌│ (∅, 32)         shared │
 ┗━━━━━━━━━━━━┯━━━━━━━━━━━┛        ╰────────────┬───────────╯
              ╰────────────────┬────────────────╯
                               ▼
                  ╭─ views ── Concatenate ─╮
                  │ (∅, 64)              0 │
                  ╰────────────┬───────────╯
                               ├───────────────╮
                               ▼               │
                  ╔═ ▸ encoder  Model · 3 ═╗   │
                  ║ (∅, 48)          7,280 ║   │
                  ╚════════════╤═══════════╝   │
                           ╭───╯   ╭───────────╯
                   (∅, 48) ▼       ▼ (∅, 64)
                  ╭╌ ✗ add ╌╌╌╌╌╌╌╌╌╌ Add ╌╮
                  ┊ (∅, 48) + (∅, 64)      ┊   f  units 48 → 64
                  ╰╌╌╌╌╌╌╌╌╌╌╌╌┬╌╌╌╌╌╌╌╌╌╌╌╯
                               │
                               ▼
                  ╭─ ◆ digit ─── Dense 10 ─╮
                  │ (∅, ?)           waits │
                  ╰────────────────────────╯
"""

LINE_LEVEL = """\
 ▏◇ pixels     (∅, 64)    ▏◇ strokes    (∅, 64)
            ▼                        ▼
 ▌≡1 project   (∅, 32)    ▏≡2 project   (∅, 32)
            ╰────────────┬───────────╯
                         ▼
              ▏ views       (∅, 64)
                         ├───────────╮
              ▏▸ encoder    (∅, 48)  │
                     ╭───╯   ╭───────╯
             (∅, 48) ▼       ▼ (∅, 64)
              ▏✗ add        48 + 64    f  → 64
                         ▼
              ▏◆ digit        waits
"""


def lines_of(card: CardView, look: Look = Look(), level: Level = Level.CARD) -> list[str]:  # noqa: B008
    return ["".join(text for text, _ in row) for row in draw(card, look, level)]


def roles_of(view: GraphView, looks: Looks, character: str, level: Level = Level.CARD) -> set[str]:
    """Return the roles in which a character is drawn anywhere in the picture."""
    scene = Scene(view, level)
    rows = [paint_row(scene, looks, y, 0, scene.width) for y in range(scene.height)]
    return {paint[0] for row in rows for c, paint in zip(row.characters, row.paints, strict=True) if c == character}


@pytest.mark.parametrize(("size", "expected"), [((66, 34), CARD_LEVEL), ((51, 18), LINE_LEVEL)], ids=["card", "line"])
async def test_picture_of_the_design(size: tuple[int, int], expected: str) -> None:
    app = CanvasApp(two_view())
    async with app.run_test(size=size) as pilot:
        app.canvas.select("project")
        await pilot.pause()
        assert picture(app.canvas) + "\n" == expected


async def test_dots() -> None:
    app = CanvasApp(two_view())
    async with app.run_test(size=(66, 34)) as pilot:
        app.canvas.zoom(Level.DOT)
        await pilot.pause()
        dots = [line.strip() for line in picture(app.canvas).splitlines()]
        assert dots == ["▪ ▪", "▪ ▪", "▪", "▪", "✗", "▪"]


@pytest.mark.parametrize("level", [Level.CARD, Level.LINE])
def test_the_key_of_a_repair_is_seen_whole_where_its_words_have_no_room(level: Level) -> None:
    """At the edge of the pane, and beside another card."""
    add = next(card for card in two_view().cards if card.id == "add")
    scene = Scene(GraphView((add, replace(add, id="other", name="other"))), level)
    box, other = scene.box("add"), scene.box("other")
    rows = [paint_row(scene, Looks(), y, 0, other.right + 1).text for y in range(scene.height)]
    assert all(row[box.right : other.x].strip() in ("", "f", "f  → 64") for row in rows), (
        "nothing lies on the next card"
    )
    assert sum(row.count(" f ") for row in rows) == 2
    assert any(row[: other.x].count(" f ") for row in rows)


def fan(count: int) -> GraphView:
    """Return an input that feeds a model of parallel layers, unfolded, and a card beside it."""
    inner = GraphView(tuple(CardView(str(number), str(number)) for number in range(count)))
    cards = tuple(CardView(name, name, nested=name == "model") for name in ("x", "model", "beside"))
    return GraphView(cards, (EdgeView("x", "model"), EdgeView("x", "beside")), inside={"model": inner})


@pytest.mark.parametrize("level", [Level.CARD, Level.LINE])
def test_a_card_that_is_moved_beside_an_unfolded_one_stays_beside_it(level: Level) -> None:
    view = fan(6)
    scene = Scene(view, level)
    box = scene.box("beside")
    assert box.x > scene.box("model").right > level.size[0] * 6
    at = scene.stored(box.x + 4, box.y, "beside")
    gap = box.x + 4 - scene.box("model").right
    for pinned in (replace(view, pinned={"beside": at}), replace(view, pinned={"beside": at}, inside={})):
        again = Scene(pinned, level)
        assert abs(again.box("beside").x - again.box("model").right - gap) <= 2, "but for rounding"


@pytest.mark.parametrize(
    ("card", "look", "level", "expected"),
    [
        (
            CardView("a", "d", "", "Dense 8", "(∅, 8)", "72", frozen=True, stale=True),
            Look(port=True),
            Level.CARD,
            ["╭─ d ────────── Dense 8 ─╮", "│ (∅, 8) ↺          72 ❆ │", "╰────────────┬───────────╯"],
        ),
        (
            CardView("a", "a_very_long_name_of_a_layer", "▲", "SeparableConv2D 32", "(∅, 8)", "1", state="warning"),
            Look(),
            Level.CARD,
            ["╭─ ▲ a_ve…layer  Se… 32 ─╮", "│ (∅, 8)               1 │", "╰────────────────────────╯"],
        ),
        (
            CardView("a", "deep", "✗", "Dense", "x", state="error"),
            Look(selected=True, port=True),
            Level.CARD,
            ["┏━ ✗ deep ━━━━━━━ Dense ━┓", "┃ x                      ┃", "┗━━━━━━━━━━━━┯━━━━━━━━━━━┛"],
        ),
        (
            CardView("a", "a_very_long_name_of_a_layer", "", "Conv2D", "(∅, 128, 128, 64)"),
            Look(marked=True),
            Level.LINE,
            ["▌ a_…yer ∅×128×128×64 "],
        ),
        (
            CardView("a", "block_1", "▸", "Model · 4", "(∅, 8, 8, 16)", nested=True),
            Look(),
            Level.LINE,
            ["▏▸ block_1   ∅×8×8×16 "],
        ),
    ],
    ids=["frozen and stale", "too long", "selected error", "line", "shape"],
)
def test_states_of_cards(card: CardView, look: Look, level: Level, expected: list[str]) -> None:
    lines = lines_of(card, look, level)
    assert all(len(line) == level.size[0] for line in lines)
    assert lines == expected


def test_wires_of_the_selected_card_and_of_errors_have_their_colours() -> None:
    view = two_view()
    assert roles_of(view, Looks(cursor="digit"), "├") == {"wire"}
    assert roles_of(view, Looks(cursor="views"), "├") == {"wire-selected"}
    assert roles_of(view, Looks(), "╯") >= {"wire-error"}
    assert roles_of(view, Looks(), "▼") == {"arrow", "wire-error"}
    healthy = replace(view, edges=tuple(replace(edge, broken=False) for edge in view.edges))
    assert "wire-error" not in roles_of(healthy, Looks(), "▼")


def test_a_wire_being_drawn_marks_where_it_may_end() -> None:
    view = two_view()
    scene = Scene(view, Level.CARD)
    legal = scene.legal_targets("views")
    assert legal == {"encoder", "add", "digit"}
    looks = Looks(legal=legal, connection=scene.connection("views", (scene.box("add").port, scene.box("add").y - 1)))
    assert "legal" in roles_of(view, looks, "▼")
    assert "connection" in roles_of(view, looks, "┊")


async def test_ghost_stands_where_nothing_is_covered() -> None:
    app = CanvasApp(GraphView((CardView("a", "a"),)))
    async with app.run_test(size=(66, 20)) as pilot:
        app.canvas.show_ghost(Ghost("dense", "Dense"))
        await pilot.pause()
        assert "╭╌ dense ╌╌╌╌╌╌╌╌ Dense ╌╮" in picture(app.canvas)
        app.canvas.show_ghost(None)
        assert "dense" not in picture(app.canvas)


async def test_empty_canvas_says_what_brings_content() -> None:
    app = CanvasApp(GraphView())
    async with app.run_test(size=(40, 12)) as pilot:
        await pilot.pause()
        assert [line.strip() for line in picture(app.canvas).split("\n") if line] == ["no layers yet", "a  add"]
        await pilot.press("down", "enter", "space", "c", "m", "z", "0", "home")
        assert app.canvas.cursor is None


async def test_map_lies_in_a_free_corner_when_the_graph_is_larger() -> None:
    app = CanvasApp(chain(60))
    async with app.run_test(size=(66, 30)) as pilot:
        await pilot.pause()
        assert "map" in picture(app.canvas)
        app.canvas.show(chain(3))
        await pilot.pause()
        assert "map" not in picture(app.canvas)


async def test_ascii() -> None:
    app = CanvasApp(two_view())
    use_ascii(True)
    try:
        async with app.run_test(size=(66, 34)) as pilot:
            await pilot.pause()
            assert picture(app.canvas).isascii()
    finally:
        use_ascii(False)


async def test_wide_characters_keep_the_columns() -> None:
    app = CanvasApp(GraphView((CardView("a", "画像入力層", "◇", "Input", "(∅, 8)", "float32", role="input"),)))
    async with app.run_test(size=(66, 10)) as pilot:
        await pilot.pause()
        assert {app.canvas.render_line(y).cell_length for y in range(8)} == {app.canvas.size.width}
        assert "画像入力層" in picture(app.canvas)
    assert shorten("画像入力層", 6) == "画像…"


def test_a_name_keeps_its_end() -> None:
    assert shorten_name("conv2d_17", 8) == "con…d_17"
    assert shorten_name("conv5_block3_2_bn", 9) == "conv…2_bn"
    assert shorten_name("GlobalAveragePooling2D", 16) == "GlobalA…ooling2D"
    assert shorten_name("画像入力層", 7) == "画像…層"
    assert shorten_name("dense", 5) == "dense"
    assert shorten_name("dense", 3) == "de…"


async def test_a_row_costs_what_crosses_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """Count the cards looked at while a page is painted: as many for a thousand cards as for fifty."""
    counts = []
    for size in (50, 1000):
        app = CanvasApp(chain(size))
        async with app.run_test(size=(80, 30)) as pilot:
            await pilot.pause()
            seen = 0
            across = Scene.cards_across

            def counting(self: Scene, y: int, left: int, right: int) -> object:
                nonlocal seen
                for found in across(self, y, left, right):  # noqa: B023
                    seen += 1
                    yield found

            with monkeypatch.context() as patch:
                patch.setattr(Scene, "cards_across", counting)
                for y in range(app.canvas.size.height):
                    left, row = 0, y + 40
                    paint_row(app.canvas.scene, Looks(cursor="20"), row, left, left + 60)
            counts.append(seen)
    assert counts[0] == counts[1] <= 2 * 30


async def test_painted_rows_are_kept_until_their_looks_change(monkeypatch: pytest.MonkeyPatch) -> None:
    app = CanvasApp(two_view())
    async with app.run_test(size=(66, 34)) as pilot:
        await pilot.pause()
        painted: list[int] = []
        plain = paint_row

        def counting(scene: Scene, looks: Looks, y: int, left: int, right: int) -> object:
            painted.append(y)
            return plain(scene, looks, y, left, right)

        monkeypatch.setattr(canvas_pane, "paint_row", counting)
        picture(app.canvas)
        assert painted == []
        app.canvas.select("digit")
        await pilot.pause()
        assert painted
        painted.clear()
        app.theme = "kerastui-light"
        await pilot.pause()
        assert painted


async def test_new_texts_repaint_their_card_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    view = two_view()
    app = CanvasApp(view)
    async with app.run_test(size=(66, 34)) as pilot:
        await pilot.pause()
        layout = app.canvas.scene.layout
        cards = tuple(replace(card, right_text="4,160") if card.id == "encoder" else card for card in view.cards)
        rows: list[int] = []
        plain = app.canvas.render_line

        def counting(y: int) -> Strip:
            rows.append(y)
            return plain(y)

        monkeypatch.setattr(app.canvas, "render_line", counting)
        app.canvas.show(replace(view, cards=cards))
        await pilot.pause()
        assert app.canvas.scene.layout is layout
        assert len(rows) == Level.CARD.size[1]
        assert "4,160" in picture(app.canvas)


async def test_unknown_edges_are_not_drawn() -> None:
    app = CanvasApp(GraphView((CardView("a", "a"),), (EdgeView("a", "gone"), EdgeView("gone", "a"))))
    async with app.run_test(size=(66, 10)) as pilot:
        await pilot.pause()
        assert "▼" not in picture(app.canvas)
