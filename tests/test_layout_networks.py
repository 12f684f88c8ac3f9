"""The networks that people bring: their layout on the canvas, and `kerastui layout`."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from canvas_cases import laid_out
from click.testing import CliRunner
from networks import NETWORKS, inception_v3, transformer

from kerastui import layout as command
from kerastui.cli import main
from kerastui.engine.project.document import Project
from kerastui.engine.project.files import write
from kerastui.screens.build.canvas_view import CardView, EdgeView, GraphView, Level
from kerastui.screens.build.layout import Box, Layout


@pytest.mark.parametrize("network", NETWORKS, ids=lambda network: str(network.__name__))
def test_networks_lie_without_overlap_and_wires_through_cards(network: Callable[[], Project]) -> None:
    project = network()
    for graph in ("", *list(project.models)[:1]):
        view = command.view_of(project, graph)
        for level in Level:
            found = command.measured(view, level, graph)
            assert found.cards == len(view.cards)
            assert found.wires == len(view.edges)
            assert not found.wrong
            assert not found.crossings


def test_layout_is_the_same_in_another_process(tmp_path: Path) -> None:
    """Sets of text have another order in every process: none may decide where a card stands."""
    write(tmp_path, inception_v3())
    found = set()
    for seed in ("1", "2"):
        run = subprocess.run(
            [sys.executable, "-m", "kerastui", "layout", str(tmp_path), "--level", "card", "--json"],
            env={**os.environ, "PYTHONHASHSEED": seed},
            capture_output=True,
            check=True,
        )
        found.add(json.loads(run.stdout)["layouts"][0]["fingerprint"])
    assert len(found) == 1


def test_command_tells_each_model_inside_at_each_level(tmp_path: Path) -> None:
    write(tmp_path, transformer(2))
    shown = CliRunner().invoke(main, ["layout", str(tmp_path), "--assert"])
    assert shown.exit_code == 0
    assert [line.split()[:2] for line in shown.output.splitlines()[1:]] == [
        *([graph, level] for graph in ("·", "block_0", "block_1") for level in ("card", "line", "dot")),
        *(["·", "unfolded"] for _ in ("card", "line")),
    ]
    told = json.loads(CliRunner().invoke(main, ["layout", str(tmp_path), "--json", "--level", "line"]).output)
    assert [one["cards"] for one in told["layouts"]] == [8, 10, 10, 8]
    assert [one["unfolded"] for one in told["layouts"]] == [False, False, False, True]
    assert told["wrong"] == []


def test_assert_fails_where_something_is_wrong(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tmp_path, transformer(1))
    monkeypatch.setattr(command, "LIMIT", 0.0)
    shown = CliRunner().invoke(main, ["layout", str(tmp_path), "--assert", "--level", "dot"])
    assert shown.exit_code == 1
    assert "the graph at level dot: it takes" in shown.output
    assert CliRunner().invoke(main, ["layout", str(tmp_path), "--level", "dot"]).exit_code == 0
    assert CliRunner().invoke(main, ["layout", str(tmp_path / "nothing"), "--assert"]).exit_code == 1


def test_measure_sees_cards_that_overlap_and_wires_through_cards(monkeypatch: pytest.MonkeyPatch) -> None:
    right = laid_out("a b c", "a>b b>c a>c", width=26, height=3)
    moved = dict(right.boxes) | {"b": Box(right.boxes["a"].x, right.boxes["a"].y + 1, 26, 3)}
    broken = Layout(moved, right.rows, right.row_tops, right.width, right.height, wires=right.wires)
    monkeypatch.setattr("kerastui.screens.build.canvas_scene.lay_out", lambda *_: broken)
    edges = (EdgeView("a", "b"), EdgeView("b", "c"), EdgeView("a", "c", 1))
    found = command.measured(GraphView(tuple(CardView(key, key) for key in "abc"), edges), Level.CARD)
    assert found.overlaps == 1
    assert found.through == 3
    assert len(found.wrong) == 2


def test_measure_counts_crossings() -> None:
    """Three cards that each feed three: a picture without crossings does not exist."""
    edges = tuple(EdgeView(a, b, slot) for b in "xyz" for slot, a in enumerate("abc"))
    found = command.measured(GraphView(tuple(CardView(key, key) for key in "abcxyz"), edges), Level.CARD)
    assert found.crossings > 0
    assert not found.wrong
