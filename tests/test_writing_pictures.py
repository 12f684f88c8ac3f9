"""Pictures of a graph: SVG, PNG, Mermaid, Graphviz and text; each is whole, and shows every card and wire."""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path
from types import ModuleType
from xml.etree import ElementTree

import pytest
from apps import make_app, settled, until
from canvas_cases import chain, two_view
from click.testing import CliRunner, Result
from projects import small_project
from textual.command import CommandPalette
from textual.widgets import Input, OptionList
from written import projects

from kerastui import themes
from kerastui.cli import main
from kerastui.engine.process.protocol import CallReport, Checked
from kerastui.engine.project.document import Project
from kerastui.engine.project.files import write
from kerastui.engine.writing.diagrams import graphviz, mermaid
from kerastui.engine.writing.python import python_code
from kerastui.picture import draw
from kerastui.screens.build.canvas_view import GraphView
from kerastui.screens.build.drawing import plain, svg

SPACE = "{http://www.w3.org/2000/svg}"
PROJECTS = projects()


def run(*arguments: object) -> Result:
    return CliRunner().invoke(main, [str(argument) for argument in arguments])


def texts(drawn: str) -> list[str]:
    """Return what is written in a picture; it must be well-formed XML, with nothing from elsewhere."""
    root = ElementTree.fromstring(drawn)
    assert not re.search(r"href|@import|url\(", drawn)
    return [text.text or "" for text in root.iter(f"{SPACE}text")]


@pytest.mark.parametrize("palette", [themes.DARK_PALETTE, themes.LIGHT_PALETTE], ids=["dark", "light"])
def test_a_picture_shows_every_card_and_wire(palette: dict[str, str]) -> None:
    drawn = svg(two_view(), palette, "two <views>")
    found = texts(drawn)
    for card in two_view().cards:
        for part in (card.name, card.class_text, card.shape_text, card.right_text, card.mark):
            assert not part or part in found, part
    root = ElementTree.fromstring(drawn)
    assert root.findtext(f"{SPACE}title") == "two <views>"
    arrows = [path for path in root.iter(f"{SPACE}path") if path.get("d", "").endswith("z")]
    assert len(arrows) == len(two_view().edges)
    assert sum(path.get("stroke-dasharray") is not None for path in root.iter(f"{SPACE}path")) == 1
    assert {rect.get("stroke") for rect in root.iter(f"{SPACE}rect")} >= {palette["accent"], palette["error"]}


def test_a_card_lies_within_the_picture_and_wires_between_cards() -> None:
    root = ElementTree.fromstring(svg(chain(30), themes.DARK_PALETTE, "chain"))
    left, top, width, height = (float(number) for number in root.get("viewBox", "").split())
    for rect in root.iter(f"{SPACE}rect"):
        x, y, wide, high = (float(rect.get(key, "0")) for key in ("x", "y", "width", "height"))
        assert left <= x <= x + wide <= left + width
        assert top <= y <= y + high <= top + height


def test_text_is_what_the_screen_shows() -> None:
    text = plain(two_view())
    assert "╭─ ≡1 project  Dense 32 ─╮        ╭─ ≡2 project  Dense 32 ─╮" in text
    assert text.count("▼") == len(two_view().edges) - 1  # two wires meet in one arrow
    assert plain(GraphView()) == "\n"


@pytest.mark.parametrize("suffix", [".svg", ".txt"])
def test_models_inside_are_drawn_within_their_cards_where_asked_for(suffix: str) -> None:
    project = PROJECTS["nested"]
    inner = {name for graph in project.models.values() for name in graph.calls} - set(project.graph.calls)
    folded, unfolded = (draw(project, suffix, unfold=unfold).decode() for unfold in (False, True))
    found = set(re.findall(r"\w+", unfolded))
    assert inner <= found
    assert not inner <= set(re.findall(r"\w+", folded))
    assert ("▾" in folded, "▾" in unfolded) == (False, True)


def test_models_inside_are_boxes_in_mermaid_and_graphviz() -> None:
    project = PROJECTS["nested"]
    flow, dot = mermaid(project), graphviz(project)
    assert '    subgraph encoder["shared ≡1 · Model"]\n        encoder_text(["text<br/>' in flow
    assert '    encoder_lstm -->|"memory → initial_state"| gru\n' in flow
    assert "    tower_dense --> tower_inner_x\n" in flow
    assert flow.count("subgraph") == flow.count("\n    end") + flow.count("\n        end") == 4
    assert '    subgraph "cluster tower" {\n        label="tower · Model"\n' in dot
    assert '    "encoder_lstm" -> "gru" [label="memory → initial_state"]\n' in dot
    assert dot.count("{") == dot.count("}") == 5


@pytest.mark.parametrize("name", PROJECTS)
def test_every_arrow_leads_from_card_to_card(name: str) -> None:
    flow, dot = mermaid(PROJECTS[name]), graphviz(PROJECTS[name])
    cards = set(re.findall(r"^ *(\w+)(?:\(\[|\[)\"", flow, re.MULTILINE))
    ends = re.findall(r"^    (\w+) -->(?:\|.*\|)? (\w+)$", flow, re.MULTILINE)
    assert ends
    assert {end for pair in ends for end in pair} <= cards
    assert {end for pair in re.findall(r'"(\w+)" -> "(\w+)"', dot) for end in pair} <= set(
        re.findall(r'^ *"(\w+)" \[label', dot, re.MULTILINE)
    )


def test_shared_layers_are_marked_and_names_are_escaped() -> None:
    assert 'project["project ≡1<br/>Dense 2"]' in mermaid(PROJECTS["shared"])
    assert "    class project,project_1 shared\n" in mermaid(PROJECTS["shared"])
    assert '"project_1" [label="project ≡2\\nDense 2", style="rounded,dashed"]' in graphviz(PROJECTS["shared"])
    assert graphviz(PROJECTS["awkward"]).startswith('digraph "awk\\"ward \\\\ name" {')


def test_shapes_stand_on_cards_where_they_are_known() -> None:
    project = small_project()
    checked = Checked({"dense": CallReport((None, 64), "float32", 4160, 4160)}, (), 4160, 4160)
    assert "Dense 64<br/>(∅, 64)" in mermaid(project, checked)
    assert "4,160" in texts(draw(project, ".svg", checked=checked).decode())
    assert "?" not in texts(draw(project, ".svg").decode())


def test_outputs_and_arguments_have_their_names_beside_the_wire() -> None:
    found = texts(draw(PROJECTS["nested"], ".svg").decode())
    assert {"memory", "initial_state", "a", "b"} <= set(found)


def test_command_writes_each_format(tmp_path: Path) -> None:
    write(tmp_path, PROJECTS["nested"])
    begins = {".svg": "<svg", ".mmd": "flowchart TD", ".dot": "digraph", ".txt": " "}
    for suffix, beginning in begins.items():
        target = tmp_path / f"graph{suffix}"
        done = run("picture", tmp_path, "-o", target, "--no-shapes")
        assert (done.exit_code, done.output) == (0, f"wrote {target}\n")
        assert target.read_text(encoding="utf-8").startswith(beginning)
    again = run("picture", tmp_path, "-o", tmp_path / "graph.svg", "--no-shapes")
    assert again.exit_code == 1
    assert "--overwrite" in again.output
    inside = tmp_path / "tower.txt"
    done = run("picture", tmp_path, "-o", inside, "--no-shapes", "--model", "tower", "--json")
    assert json.loads(done.output) == {"file": str(inside)}
    assert "other" in inside.read_text()
    for wrong in (["-o", "graph.gif"], ["-o", "x.svg", "--model", "none"]):
        done = run("picture", tmp_path, *wrong, "--no-shapes")
        assert (done.exit_code, done.output.startswith("kerastui: ")) == (1, True)


def test_a_png_says_what_it_takes_or_is_drawn(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tmp_path, small_project())
    monkeypatch.setitem(sys.modules, "resvg_py", None)
    done = run("picture", tmp_path, "-o", tmp_path / "graph.png", "--no-shapes")
    assert done.exit_code == 1
    assert "pip install 'kerastui[png]'" in done.output
    given: list[str] = []

    class Drawing(ModuleType):
        """In place of the library, which is not among the dependencies of the tests."""

        @staticmethod
        def svg_to_bytes(svg_string: str, zoom: int) -> bytes:
            given.append(svg_string)
            return b"\x89PNG"

    monkeypatch.setitem(sys.modules, "resvg_py", Drawing("resvg_py"))
    assert run("picture", tmp_path, "-o", tmp_path / "graph.png", "--no-shapes").exit_code == 0
    assert (tmp_path / "graph.png").read_bytes() == b"\x89PNG"
    assert given == [draw(small_project(), ".svg").decode()]


async def test_the_app_saves_pictures_and_copies_code(tmp_path: Path) -> None:
    app = make_app(tmp_path)
    async with app.run_test(size=(120, 40)) as pilot:
        await settled(pilot)
        for title in ("project: save a picture", "project: save a picture", "project: copy as code"):
            await pilot.press("ctrl+p")
            await until(pilot, lambda: isinstance(app.screen, CommandPalette))
            app.screen.query_one(Input).value = title
            await until(
                pilot,
                lambda: isinstance(app.screen, CommandPalette) and app.screen.query_one(OptionList).option_count == 1,
            )
            await pilot.press("enter")
            await until(pilot, lambda: not isinstance(app.screen, CommandPalette))
            await settled(pilot)
        pictures = sorted(path.name for path in (tmp_path / "project").glob("*.svg"))
        assert pictures == ["graph-2.svg", "graph.svg"]
        assert "digit" in texts((tmp_path / "project" / "graph.svg").read_text(encoding="utf-8"))
        assert app.clipboard == python_code(small_project())


def test_an_empty_project_has_an_empty_picture() -> None:
    assert texts(draw(Project("empty"), ".svg").decode()) == []
    assert mermaid(Project("empty")) == "flowchart TD\n"
