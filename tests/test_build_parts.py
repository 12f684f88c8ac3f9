"""What the Build screen is made of, without a terminal: starting values, fields, the view of the graph."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from kerastui.engine.catalog.catalog import Entry, catalog
from kerastui.engine.catalog.check import check_config
from kerastui.engine.catalog.starting import starting_config
from kerastui.engine.process.protocol import CallReport, Checked
from kerastui.engine.project import commands, copies
from kerastui.engine.project.checks import check_project
from kerastui.engine.project.document import Layer, Project, Spec
from kerastui.engine.project.problems import Problem, Repair
from kerastui.screens.build.canvas_scene import Scene
from kerastui.screens.build.canvas_view import Level
from kerastui.screens.build.fields import layer_rows
from kerastui.screens.build.graph_view import Facts, brief_repair, class_text, graph_view, waiting
from kerastui.screens.build.inspector_edits import read_shape
from kerastui.screens.widgets.argument_fields import entered, fields_of, shown
from kerastui.screens.widgets.form import Field, Heading, Note
from kerastui.screens.widgets.ink import plain


def entry(name: str) -> Entry:
    found = catalog().layer(name)
    assert found is not None
    return found


def chain() -> Project:
    """Return input → dense → dense_1, the last one the output."""
    project, source = commands.add_input(Project("p"), (64,))
    project, first = commands.add_layer(project, "Dense", {"units": 32}, source)
    project, last = commands.add_layer(project, "Dense", {"units": 10}, first)
    return commands.toggle_output(project, last)


def keys(project: Project, call: str, compact: bool = False) -> list[str]:
    rows = layer_rows(Facts(project, None, ()), call, compact)
    return [row.key for row in rows if isinstance(row, Field)]


@pytest.mark.parametrize("name", [each.name for each in catalog().of("layer")])
def test_every_layer_starts_with_arguments_that_hold(name: str) -> None:
    if name == "TFSMLayer":
        assert starting_config(entry(name)) == {}  # a path nobody can guess
    else:
        assert check_config(entry(name), starting_config(entry(name))) == []


def test_required_arguments_come_first_then_common_ones_then_groups_then_the_rest() -> None:
    found = keys(chain(), "dense")
    found = [key for key in found if "." not in key]  # those within objects are folded
    assert found[:5] == ["name", "units", "activation", "use_bias", "trainable"]
    assert found[5:8] == ["kernel_initializer", "bias_initializer", "kernel_regularizer"]
    assert found[-3:] == ["dtype", "call:training", "@note"]
    headings = [row for row in layer_rows(Facts(chain(), None, ()), "dense", False) if isinstance(row, Heading)]
    assert [row.key for row in headings] == ["initializers", "regularizers", "constraints", "more", "call:idle"]
    assert [row.count for row in headings] == ["", "none", "none", "", ""]
    assert headings[-2].title == "4 more at their default"


def test_narrow_forms_name_groups_in_the_label_and_fold_what_is_at_its_default() -> None:
    project = commands.set_argument(chain(), "dense", "kernel_regularizer", Spec("L2", {"l2": 1e-4}))
    rows = layer_rows(Facts(project, None, ()), "dense", True)
    labels = [row.label for row in rows if isinstance(row, Field)]
    assert labels[:7] == ["name", "units", "activation", "use_bias", "kernel_reg", "l2", "trainable"]
    assert [row.key for row in rows if isinstance(row, Heading)] == ["more", "call:idle"]


def test_problems_stand_at_the_argument_they_name_and_else_below() -> None:
    repair = Repair("units 32 → 8", "argument", "dense", "units", 8)
    problems = (
        Problem("error", "build", "dense", "32 values for 8 classes", "", repair),
        Problem("error", "build", "dense", "use_bias takes true or false. Received: 3"),
        Problem("error", "build", "dense", "cannot take it", "insert Flatten before it"),
    )
    rows = layer_rows(Facts(chain(), None, problems), "dense", False)
    found = {row.key: row for row in rows if isinstance(row, Field)}
    assert (found["units"].problem, found["units"].repair) == ("32 values for 8 classes", "units 32 → 8")
    assert found["use_bias"].problem.startswith("use_bias takes")
    notes = " ".join(plain(row.line) for row in rows if isinstance(row, Note))
    assert "cannot take it; insert" in notes
    assert "classes" not in notes


@pytest.mark.parametrize(
    ("path", "given", "expected"),
    [
        ("units", "128", {"units": 128}),
        ("activation", "tanh", {"units": 32, "activation": "tanh"}),
        ("activation", "none", {"units": 32}),
        ("use_bias", False, {"units": 32, "use_bias": False}),
        ("use_bias", True, {"units": 32}),
        ("kernel_initializer", "he_normal", {"units": 32, "kernel_initializer": "he_normal"}),
        ("kernel_initializer", "glorot_uniform", {"units": 32}),
        ("kernel_regularizer", "L2", {"units": 32, "kernel_regularizer": Spec("L2")}),
        ("kernel_constraint", "NonNeg", {"units": 32, "kernel_constraint": "NonNeg"}),
        ("dtype", "inherit", {"units": 32}),
        ("dtype", "float16", {"units": 32, "dtype": "float16"}),
    ],
)
def test_what_is_entered_becomes_a_value(path: str, given: str | bool, expected: dict[str, object]) -> None:
    config = entered(entry("Dense"), {"units": 32}, [path], given)
    assert config == expected
    assert check_config(entry("Dense"), config) == []


def test_fields_within_objects_are_set_reset_and_refused() -> None:
    config = entered(entry("Dense"), {"kernel_regularizer": Spec("L2")}, ["kernel_regularizer", "l2"], "1e-4")
    assert config == {"kernel_regularizer": Spec("L2", {"l2": 1e-4})}
    assert entered(entry("Dense"), config, ["kernel_regularizer", "l2"], None) == {"kernel_regularizer": Spec("L2")}
    with pytest.raises(ValueError, match="l2 takes a number"):
        entered(entry("Dense"), config, ["kernel_regularizer", "l2"], "much")
    with pytest.raises(ValueError, match="holds no object"):
        entered(entry("Dense"), {}, ["kernel_regularizer", "l2"], "1")


def test_a_layer_in_a_layer_keeps_what_was_set_when_it_is_chosen_again() -> None:
    config = starting_config(entry("Bidirectional"))
    inner = entered(entry("Bidirectional"), config, ["layer", "units"], "16")
    assert inner["layer"] == Spec("LSTM", {"units": 16})
    assert entered(entry("Bidirectional"), inner, ["layer"], "LSTM")["layer"] == Spec("LSTM", {"units": 16})
    assert entered(entry("Bidirectional"), inner, ["layer"], "GRU")["layer"] == Spec("GRU", {"units": 64})


def test_every_argument_of_every_layer_has_a_field() -> None:
    for each in catalog().of("layer"):
        config = starting_config(each)
        for argument in each.arguments:
            fields = list(fields_of(argument, config, {}))
            assert fields[0].key == argument.name
            assert all(field.value for field in fields if field.kind == "choice" and not argument.required)


@pytest.mark.parametrize(
    ("text", "shape"),
    [
        ("8, 8", (8, 8)),
        ("(8, 8)", (8, 8)),
        ("64", (64,)),
        ("(64,)", (64,)),
        ("?, 3", (None, 3)),
        ("∅", (None,)),
        ("", ()),
    ],
)
def test_shapes_are_read_as_they_are_typed(text: str, shape: tuple[int | None, ...]) -> None:
    assert read_shape(text) == shape


@pytest.mark.parametrize("text", ["wide", "8; 8", "(8", "1.5", "(8, (2, 2))"])
def test_what_is_no_shape_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="shape takes sizes"):
        read_shape(text)


@pytest.mark.parametrize("position", [(2_000_000, 100), (100_000_000, 100_000_000), (-(10**400), 0), (0, 10**12)])
def test_a_card_that_a_file_puts_far_off_is_drawn_nearer_and_told(position: tuple[int, int]) -> None:
    project = replace(chain(), layout={"dense": position, "dense_1": (300, 40), "gone": position})
    view = graph_view(Facts(project, None, ()))
    assert view.pinned["dense_1"] == (300, 40)
    assert max(map(abs, view.pinned["dense"])) < 11_000
    layout = Scene(view, Level.CARD).layout
    assert (layout.width < 11_000, layout.height < 1_000) == (True, True)
    told = [problem for problem in check_project(project) if "drawn nearer" in problem.what]
    assert [(problem.subject, problem.severity) for problem in told] == [("dense", "warning")]


def test_the_view_says_what_is_shared_what_waits_and_what_is_broken() -> None:
    project, second = copies.share(chain(), "dense", "input")
    problem = Problem("error", "build", "dense", "cannot take it")
    reports = {"dense": CallReport(), "dense_1": CallReport(waits=True), second: CallReport((None, 32), "float32", 0)}
    facts = Facts(project, Checked(reports, (problem,), 0, 0), (problem,))
    cards = {card.id: card for card in graph_view(facts).cards}
    assert cards["dense"].mark == "✗"
    assert cards["dense"].shape_text == "gets (∅, 64)"
    assert (cards["dense_1"].state, cards["dense_1"].right_text, cards["dense_1"].shape_text) == (
        "waits",
        "waits",
        "(∅, ?)",
    )
    assert (cards[second].mark, cards[second].right_text, cards[second].shared) == ("≡2", "shared", "dense")
    assert cards["input"].shape_text == "(∅, 64)"
    broken = {edge.key for edge in graph_view(facts).edges if edge.broken}
    assert broken == {("input", "dense", 0)}
    assert waiting(facts) == ["dense_1 waits for dense: no shape yet"]


def test_telling_arguments_and_repairs_in_few_words() -> None:
    assert class_text(Layer("Dense", {"units": 10})) == "Dense 10"
    assert class_text(Layer("MaxPooling2D", {"pool_size": (3, 2)})) == "MaxPooling2D 3×2"
    assert class_text(Layer("Rescaling", {"scale": 1 / 255})) == "Rescaling 3.92e-3"
    assert class_text(Layer("Bidirectional", {"layer": Spec("LSTM")})) == "Bidirectional LSTM"
    assert class_text(Layer("NoSuchLayer")) == "NoSuchLayer"
    assert brief_repair("units 48 → 64") == "→ 64"
    assert brief_repair("insert Flatten") == "insert Flatten"


def test_values_as_they_stand_in_fields() -> None:
    dense = entry("Dense")
    units, dtype = dense.argument("units"), dense.argument("dtype")
    assert units is not None
    assert dtype is not None
    assert shown(units, 12480) == "12,480"
    assert shown(dtype, None) == "inherit"
