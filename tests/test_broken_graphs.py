"""Graphs that are broken: each problem is named at the right place, and what is offered as a repair puts it right."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from msgspec.structs import replace

from kerastui.engine.checking import Checker
from kerastui.engine.project import commands, grouping, settings
from kerastui.engine.project.checks import check_project, check_targets
from kerastui.engine.project.document import MODEL, Call, Compile, Graph, Input, Layer, Project, Spec
from kerastui.engine.project.edits import EditError
from kerastui.engine.project.files import ProjectFileError, read, write
from kerastui.engine.project.mending.mend import mended
from kerastui.engine.project.problems import Problem, Repair, together
from kerastui.engine.project.repairs import apply_repair

pytestmark = pytest.mark.slow
CHECKER = Checker()
"""One for all: what a check found is remembered, as in the engine."""

FOUR = {"units": 4}
IMAGE = (8, 8, 3)
ENCODER = Graph({"seen": Input((8,))}, {"out": Layer("Dense", {"units": 48})}, {"out": Call("out", ("seen",))})
ENCODER = replace(ENCODER, outputs={"code": "out"})
ENCODERS = {"encoder": ENCODER}


def net(
    inputs: Mapping[str, Any], *calls: tuple[Any, ...], end: str = "", models: Mapping[str, Graph] | None = None
) -> Project:
    """Return a project whose graph is broken.

    Args:
        inputs: Shape, or input, by id.
        calls: Id, class, arguments, sources; perhaps tensors by name and settings of the call.
        end: Id of the output; the last call where omitted.
        models: Models inside.
    """
    graph = Graph(
        {key: value if isinstance(value, Input) else Input(value) for key, value in inputs.items()},
        {key: Layer(class_name, config) for key, class_name, config, *_ in calls},
        {key: Call(key, tuple(sources), *more) for key, _, _, sources, *more in calls},
        {"y": end or calls[-1][0]},
    )
    return Project("broken", graph=graph, models=models or {}, compile=Compile(losses={"y": Spec("MeanSquaredError")}))


def held(class_name: str, config: Mapping[str, Any], model: str = "") -> Graph:
    """Return a model of one layer that keeps eight numbers, and another layer after it."""
    after = Layer(MODEL, {"model": model}) if model else Layer(class_name, config)
    layers = {"first": Layer("Dense", {"units": 8}), "inner": after}
    calls = {"first": Call("first", ("seen",)), "inner": Call("inner", ("first",))}
    return Graph({"seen": Input((8,))}, layers, calls, {"code": "inner"})


def only(model: str, *inputs: str) -> Graph:
    """Return a model that is nothing but another one."""
    inputs = inputs or ("seen",)
    layers = {"inner": Layer(MODEL, {"model": model})}
    return Graph({key: Input((8,)) for key in inputs}, layers, {"inner": Call("inner", inputs)}, {"code": "inner"})


def shared() -> Project:
    """Return a project whose shared layer gets two sizes."""
    project = net({"x": (4,), "z": (6,)}, ("d", "Dense", FOUR, ["x"]), ("a", "Add", {}, ["d", "d_1"]))
    calls = {"d": Call("d", ("x",)), "d_1": Call("d", ("z",)), "a": project.graph.calls["a"]}
    return replace(project, graph=replace(project.graph, calls=calls))


def twice_named() -> Project:
    """Return a project with two layers of one name."""
    project = net({"x": (4,)}, ("d", "Dense", FOUR, ["x"]), ("a", "Dense", FOUR, ["d"]))
    layers = {**project.graph.layers, "a": Layer("Dense", FOUR, "d")}
    return replace(project, graph=replace(project.graph, layers=layers))


def outputs_of_one_name() -> Project:
    """Return a project whose two outputs are layers of one name."""
    project = net({"x": (4,)}, ("y", "Dense", FOUR, ["x"]), ("a", "Dense", FOUR, ["x"]))
    graph = replace(project.graph, outputs={"y": "y", "other": "a"})
    graph = replace(graph, layers={**graph.layers, "a": Layer("Dense", FOUR, "y")})
    losses = {name: Spec("MeanSquaredError") for name in graph.outputs}
    return replace(project, graph=graph, compile=Compile(losses=losses))


def no_output() -> Project:
    """Return a project whose graph has no output."""
    project = net({"x": (4,)}, ("d", "Dense", FOUR, ["x"]))
    return replace(project, graph=replace(project.graph, outputs={}))


class Broken(NamedTuple):
    """A broken graph, and what is to be said of it.

    Args:
        project: The project.
        place: Place of the problem.
        words: Parts of what is said; both shapes where shapes are concerned.
        repair: What is offered, `""` for nothing.
    """

    project: Project
    place: str
    words: tuple[str, ...]
    repair: str = ""


def conv(**config: Any) -> tuple[Any, ...]:
    return ("a", "Conv2D", {"filters": 4, "kernel_size": 3, **config}, ["x"])


def two(class_name: str, first: Any, second: Any, **config: Any) -> Project:
    return net({"x": first, "z": second}, ("a", class_name, config, ["x", "z"]))


HEADS = {"num_heads": 2, "key_dim": 4}
LOOKUP = {"input_dim": 10, "output_dim": 4}
CASES: Mapping[str, Broken] = {
    # wires
    "no input": Broken(
        net({"x": (8,)}, ("d", "Dense", FOUR, ["x"]), ("a", "Dense", FOUR, [])), "a", ("no input",), "connect d"
    ),
    "an orphan": Broken(
        net({"x": (8,)}, ("a", "Dense", FOUR, []), ("d", "Dense", FOUR, ["x"])), "a", ("no input",), "delete a"
    ),
    "a dead branch": Broken(
        net({"x": (8,)}, ("p", "Dense", FOUR, ["x"]), ("a", "ReLU", {}, ["p"]), ("d", "Dense", FOUR, ["x"])),
        "a",
        ("leads to no output",),
        "delete 2 layers that lead nowhere",
    ),
    "no output": Broken(no_output(), "", ("the graph has no output",), "make d the output"),
    "one input to Add": Broken(
        net({"x": (8,)}, ("d", "Dense", FOUR, ["x"]), ("a", "Add", {}, ["d"])), "a", ("two or more", "1"), "delete a"
    ),
    "one input to Add, another waits": Broken(
        net({"x": (8,)}, ("d", "Dense", FOUR, ["x"]), ("e", "Dense", FOUR, ["x"]), ("a", "Add", {}, ["d"])),
        "a",
        ("two or more",),
        "connect e",
    ),
    "two inputs to Dense": Broken(
        net({"x": (8,), "z": (4,)}, ("a", "Dense", FOUR, ["x", "z"])), "a", ("takes one input",), "insert Concatenate"
    ),
    "three inputs to Subtract": Broken(
        net({"x": (8,), "z": (8,), "w": (8,)}, ("a", "Subtract", {}, ["x", "z", "w"])), "a", ("exactly 2",), "cut w"
    ),
    "attention to nothing": Broken(
        net({"x": (5, 8)}, ("a", "MultiHeadAttention", HEADS, ["x"])),
        "a",
        ("second input", "(∅, 5, 8)"),
        "take x twice",
    ),
    "too many factors": Broken(
        net({"x": (8, 8)}, ("a", "ops.matmul", {}, ["x", "x", "x"])), "a", ("takes 2 inputs", "3"), "cut x"
    ),
    "too few factors": Broken(net({"x": (8,)}, ("a", "ops.matmul", {}, ["x"])), "a", ("second input (x2)", "(∅, 8)")),
    "no such port": Broken(
        net({"x": (5, 8)}, ("l", "LSTM", FOUR, ["x"]), ("a", "Dense", FOUR, ["l:5"])), "a", ("no output 5",), "l:5 → l"
    ),
    "no such tensor by name": Broken(
        net({"x": (5, 8), "s": (4,)}, ("a", "LSTM", FOUR, ["x"], {"inital_state": ("s", "s")})),
        "a",
        ("no argument inital_state", "(∅, 5, 8)"),
        "inital_state → initial_state",
    ),
    "no such setting of a call": Broken(
        net({"x": (5, 8)}, ("a", "LSTM", FOUR, ["x"], {}, {"trainin": True})),
        "a",
        ("no argument trainin",),
        "trainin → training",
    ),
    # arguments, classes, names
    "no units": Broken(net({"x": (8,)}, ("a", "Dense", {"units": 0}, ["x"])), "a", ("above 0",), "units 0 → 1"),
    "negative strides": Broken(net({"x": IMAGE}, conv(strides=-2)), "a", ("strides", "-2"), "strides -2 → 2"),
    "no kernel": Broken(net({"x": IMAGE}, conv(kernel_size=0)), "a", ("above 0",), "kernel_size 0 → 1"),
    "three sizes for two axes": Broken(
        net({"x": IMAGE}, conv(kernel_size=(3, 3, 3))), "a", ("2 of them",), "kernel_size (3, 3, 3) → 3"
    ),
    "groups that do not divide": Broken(
        net({"x": IMAGE}, conv(groups=2)), "a", ("channels", "(∅, 8, 8, 3)"), "groups 2 → 1"
    ),
    "all dropped": Broken(
        net({"x": (8,)}, ("a", "Dropout", {"rate": 2.0}, ["x"])), "a", ("from 0 to 1",), "rate 2.0 → 0.5"
    ),
    "no such class": Broken(net({"x": (8,)}, ("a", "Densse", FOUR, ["x"])), "a", ("Densse",), "Densse → Dense"),
    "no such class of one's own": Broken(net({"x": (8,)}, ("a", "layers.Nope", {}, ["x"])), "a", ("Nope",)),
    "no such argument": Broken(
        net({"x": (8,)}, ("a", "Dense", {"unit": 4}, ["x"])), "a", ("no argument unit",), "unit → units"
    ),
    "an argument that is missing": Broken(
        net({"x": (8,)}, ("a", "Dense", {}, ["x"])), "a", ("units is missing",), "set units=64"
    ),
    "a Lambda": Broken(net({"x": (8,)}, ("a", "Lambda", {}, ["x"])), "a", ("Python code",)),
    "a Lambda of a model file": Broken(
        net({"x": (8,)}, ("a", "Lambda", {"function": "lambda at train.py:3"}, ["x"])),
        "a",
        ("Python code", "train.py:3"),
    ),
    "TimeDistributed of nothing": Broken(
        net({"x": (5, 8)}, ("a", "TimeDistributed", {}, ["x"])), "a", ("layer is missing",), "set layer=Dense(units=64)"
    ),
    "Bidirectional Dense": Broken(
        net({"x": (5, 8)}, ("a", "Bidirectional", {"layer": Spec("Dense", FOUR)}, ["x"])),
        "a",
        ("Bidirectional layer", "go_backwards"),
        "layer Dense(units=4) → LSTM(units=64)",
    ),
    "two layers of one name": Broken(twice_named(), "a", ("2 layers are named d",), "rename d → d_1"),
    "two outputs of one name": Broken(outputs_of_one_name(), "a", ("2 layers are named y",), "rename y → y_1"),
    # axes
    "a vector into LSTM": Broken(
        net({"x": (8,)}, ("a", "LSTM", FOUR, ["x"])), "a", ("3 axes", "gets 2", "(∅, 8)"), "insert Reshape (8, 1)"
    ),
    "an image into LSTM": Broken(
        net({"x": IMAGE}, ("a", "LSTM", FOUR, ["x"])), "a", ("3 axes", "(∅, 8, 8, 3)"), "insert Reshape (8, 24)"
    ),
    "a last step into GRU": Broken(
        net({"x": (5, 8)}, ("l", "LSTM", FOUR, ["x"]), ("a", "GRU", FOUR, ["l"])),
        "a",
        ("3 axes", "(∅, 4)"),
        "set l return_sequences=True",
    ),
    "a vector into Conv2D": Broken(net({"x": (64,)}, conv()), "a", ("4 axes", "(∅, 64)"), "insert Reshape (8, 8, 1)"),
    "an image into Conv1D": Broken(
        net({"x": IMAGE}, ("a", "Conv1D", {"filters": 2, "kernel_size": 3}, ["x"])),
        "a",
        ("3 axes", "(∅, 8, 8, 3)"),
        "Conv1D → Conv2D",
    ),
    "a sequence into MaxPooling2D": Broken(
        net({"x": (8, 8)}, ("a", "MaxPooling2D", {}, ["x"])),
        "a",
        ("4 axes", "(∅, 8, 8)"),
        "MaxPooling2D → MaxPooling1D",
    ),
    "a number into Dense": Broken(
        net({"x": ()}, ("a", "Dense", FOUR, ["x"])), "a", ("2 axes", "(∅,)"), "insert Reshape (1,)"
    ),
    "vectors into attention": Broken(
        net({"x": (8,)}, ("a", "MultiHeadAttention", HEADS, ["x", "x"])),
        "a",
        ("3 axes", "(∅, 8)"),
        "insert Reshape (8, 1)",
    ),
    "many axes of an Embedding into LSTM": Broken(
        net({"x": Input(IMAGE, "int32")}, ("e", "Embedding", LOOKUP, ["x"]), ("a", "LSTM", FOUR, ["e"])),
        "a",
        ("3 axes", "(∅, 8, 8, 3, 4)"),
        "insert Reshape (8, 96)",
    ),
    "fractions into Embedding": Broken(
        net({"x": (8,)}, ("a", "Embedding", LOOKUP, ["x"])), "a", ("whole numbers", "float32"), "set input dtype int32"
    ),
    "an axis that is not there": Broken(
        net({"x": (8,)}, ("a", "BatchNormalization", {"axis": 3}, ["x"])), "a", ("no axis", "(∅, 8)"), "axis 3 → -1"
    ),
    "Softmax of an axis that is not there": Broken(
        net({"x": (8,)}, ("a", "Softmax", {"axis": 3}, ["x"])), "a", ("no axis 3", "(∅, 8)"), "axis 3 → -1"
    ),
    # sizes
    "other units": Broken(
        net(
            {"x": (8,)},
            ("d", "Dense", {"units": 48}, ["x"]),
            ("e", "Dense", {"units": 64}, ["x"]),
            ("a", "Add", {}, ["d", "e"]),
        ),
        "a",
        ("(∅, 48)", "(∅, 64)"),
        "set d units 48 → 64",
    ),
    "other units in a model inside": Broken(
        net(
            {"x": (8,)},
            ("m", MODEL, {"model": "encoder"}, ["x"]),
            ("e", "Dense", {"units": 64}, ["x"]),
            ("a", "Add", {}, ["m", "e"]),
            models=ENCODERS,
        ),
        "a",
        ("(∅, 48)", "(∅, 64)"),
        "set encoder/out units 48 → 64",
    ),
    "other sizes of inputs": Broken(two("Add", (48,), (64,)), "a", ("(∅, 48)", "(∅, 64)"), "insert Dense 64"),
    "a smaller image": Broken(
        net({"x": IMAGE}, ("c", "Conv2D", {"filters": 3, "kernel_size": 3}, ["x"]), ("a", "Add", {}, ["c", "x"])),
        "a",
        ("(∅, 6, 6, 3)", "(∅, 8, 8, 3)"),
        'set c padding="same"',
    ),
    "other images": Broken(
        two("Multiply", (8, 8, 4), (6, 6, 4)), "a", ("(∅, 8, 8, 4)", "(∅, 6, 6, 4)"), "insert Resizing (8, 8)"
    ),
    "shorter sequences": Broken(
        two("Add", (5, 8), (7, 8)), "a", ("(∅, 5, 8)", "(∅, 7, 8)"), "insert ZeroPadding1D (0, 2)"
    ),
    "axes the other way round": Broken(
        two("Add", (8, 3), (3, 8)), "a", ("(∅, 8, 3)", "(∅, 3, 8)"), "insert Permute (2, 1)"
    ),
    "another number of axes": Broken(
        two("Subtract", (8, 8), (64,)), "a", ("(∅, 8, 8)", "(∅, 64)"), "insert Reshape (8, 8)"
    ),
    "no way to be one": Broken(two("Add", (8, 8, 4), (64,)), "a", ("(∅, 8, 8, 4)", "(∅, 64)")),
    "the wrong axis joined": Broken(two("Concatenate", (5, 8), (7, 8)), "a", ("(∅, 5, 8)", "(∅, 7, 8)"), "axis -1 → 1"),
    "a vector joined to an image": Broken(
        two("Concatenate", (8, 8, 4), (64,)), "a", ("(∅, 8, 8, 4)", "(∅, 64)"), "insert Flatten"
    ),
    "other axes multiplied": Broken(
        two("Dot", (8, 3), (3, 8), axes=1), "a", ("(∅, 8, 3)", "(∅, 3, 8)"), "axes → (2, 1)"
    ),
    "factors that do not fit": Broken(
        two("ops.matmul", (5, 8), (5, 8)), "a", ("(∅, 5, 8)", "cannot multiply"), "insert Permute (2, 1)"
    ),
    "attention to other features": Broken(
        two("Attention", (5, 8), (6, 4)), "a", ("(∅, 5, 8)", "(∅, 6, 4)"), "insert Dense 8"
    ),
    "a window larger than the image": Broken(
        net({"x": (2, 2, 3)}, conv()), "a", ("nothing is left", "(∅, 2, 2, 3)"), 'padding="same"'
    ),
    "sizes that are not known": Broken(
        net({"x": (None, None, 3)}, ("f", "Flatten", {}, ["x"]), ("a", "Dense", FOUR, ["f"])),
        "a",
        ("sizes that are known", "(∅, ∅)"),
        "f → GlobalAveragePooling2D",
    ),
    "Reshape to another size": Broken(
        net({"x": (64,)}, ("a", "Reshape", {"target_shape": (4, 4)}, ["x"])),
        "a",
        ("(∅, 64)", "(4, 4)"),
        "target_shape (4, 4) → (8, 8)",
    ),
    "ops.reshape to nothing": Broken(
        net({"x": (4, 2)}, ("r", "ReLU", {}, ["x"]), ("a", "ops.reshape", {}, ["r"])),
        "a",
        ("newshape is missing",),
        "set newshape=(-1, 8)",
    ),
    "ops.reshape of what is not known": Broken(
        net({"x": (None, 2)}, ("a", "ops.reshape", {}, ["x"])), "a", ("newshape is missing",)
    ),
    "a shared layer for two sizes": Broken(shared(), "d_1", ("size 4", "(∅, 6)"), "insert Dense 4"),
    # models inside
    "another shape into a model": Broken(
        net({"x": (6,)}, ("a", MODEL, {"model": "encoder"}, ["x"]), models=ENCODERS),
        "a",
        ("(∅, 8)", "(∅, 6)"),
        "insert Dense 8",
    ),
    "other axes into a model": Broken(
        net({"x": (2, 4)}, ("a", MODEL, {"model": "encoder"}, ["x"]), models=ENCODERS),
        "a",
        ("(∅, 8)", "(∅, 2, 4)"),
        "insert Flatten",
    ),
    "too many inputs of a model": Broken(
        net({"x": (8,), "z": (8,)}, ("a", MODEL, {"model": "encoder"}, ["x", "z"]), models=ENCODERS),
        "a",
        ("takes 1 input (seen), gets 2",),
        "cut z",
    ),
    "no such model": Broken(
        net({"x": (8,)}, ("a", MODEL, {"model": "encode"}, ["x"]), models=ENCODERS),
        "a",
        ("no model encode",),
        "model encode → encoder",
    ),
    "no such output of a model": Broken(
        net({"x": (8,)}, ("m", MODEL, {"model": "encoder"}, ["x"]), ("a", "Dense", FOUR, ["m:cod"]), models=ENCODERS),
        "a",
        ("no output cod",),
        "m:cod → m:code",
    ),
    "a model that holds itself": Broken(
        net({"x": (8,)}, ("a", MODEL, {"model": "m"}, ["x"]), models={"m": held("", {}, "m")}),
        "m/inner",
        ("holds itself: m → m",),
        "take inner out",
    ),
    "models that hold each other": Broken(
        net({"x": (8,)}, ("a", MODEL, {"model": "m"}, ["x"]), models={"m": held("", {}, "n"), "n": held("", {}, "m")}),
        "n/inner",
        ("m → n → m",),
        "take inner out",
    ),
    "models that are each other": Broken(
        net({"x": (8,)}, ("a", MODEL, {"model": "m"}, ["x"]), models={"m": only("n"), "n": only("m")}),
        "n/inner",
        ("m → n → m",),
        "inner → Identity",
    ),
    "a model that holds itself in a wrapper": Broken(
        net(
            {"x": (8,)},
            ("a", MODEL, {"model": "m"}, ["x"]),
            models={"m": held("TimeDistributed", {"layer": Spec(MODEL, {"model": "m"})})},
        ),
        "m/inner",
        ("holds itself: m → m",),
        "take inner out",
    ),
    "a model of two inputs that is itself": Broken(
        net({"x": (8,), "z": (8,)}, ("a", MODEL, {"model": "m"}, ["x", "z"]), models={"m": only("m", "seen", "other")}),
        "m/inner",
        ("holds itself: m → m",),
    ),
    "an error inside": Broken(
        net({"x": (8,)}, ("a", MODEL, {"model": "m"}, ["x"]), models={"m": held("Dense", {"units": 0})}),
        "m/inner",
        ("above 0",),
        "units 0 → 1",
    ),
    "shapes that do not fit inside": Broken(
        net({"x": (8,)}, ("a", MODEL, {"model": "m"}, ["x"]), models={"m": held("LSTM", FOUR)}),
        "a",
        ("inside: inner: LSTM takes 3 axes", "(∅, 8)"),
        "insert Reshape (8, 1)",
    ),
}


def judged(project: Project) -> list[Problem]:
    """Return what is wrong with a project, as the studio and the command line put it together."""
    checked = CHECKER.check(project)
    return mended(project, checked, together(check_project(project), checked.problems))


def about(problems: list[Problem], place: str) -> Problem:
    """Return the first problem at a place."""
    return next(problem for problem in problems if problem.subject == place)


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_a_broken_graph_is_told_where_it_is_and_how_it_is_repaired(case: Broken) -> None:
    before = judged(case.project)
    problem = about(before, case.place)
    for words in case.words:
        assert words in problem.what
    assert (problem.repair.label if problem.repair else "") == case.repair
    if problem.repair is None:
        return
    after = judged(apply_repair(case.project, problem.repair))
    assert (problem.subject, problem.what) not in [(item.subject, item.what) for item in after]
    if problem.repair.kind != "output":  # a new output wants a loss
        assert [item.what for item in after if item.severity == "error"] == []


def test_there_are_enough_of_them() -> None:
    assert len(CASES) >= 30
    assert sum(bool(case.repair) for case in CASES.values()) >= 20


def test_an_error_inside_stands_on_the_card_of_the_model_too() -> None:
    found = judged(CASES["models that hold each other"].project)
    assert [problem.subject for problem in found if problem.severity == "error"] == ["n/inner", "m/inner", "a"]
    outer = about(found, "a")
    assert outer.what == "inside: inner: the model m holds itself: m → n → m"
    assert outer.repair == about(found, "n/inner").repair


def test_units_and_classes_and_the_loss() -> None:
    project = net({"x": (8,)}, ("a", "Dense", FOUR, ["x"]))
    project = settings.set_loss(project, "y", Spec("SparseCategoricalCrossentropy", {"from_logits": True}))
    problem = check_targets(project, {"y": (None, 4)}, {"y": 10}, {"y": "label"})[0]
    assert (problem.subject, problem.what) == ("a", "4 values for 10 classes")
    assert problem.repair is not None
    project = apply_repair(project, problem.repair)
    assert check_targets(project, {"y": (None, 10)}, {"y": 10}, {"y": "label"}) == []
    loss = check_targets(project, {"y": (None, 10)}, {"y": 10}, {"y": "one-hot"})[0]
    assert loss.subject == "y"
    assert loss.repair is not None
    project = apply_repair(project, loss.repair)
    assert check_targets(project, {"y": (None, 10)}, {"y": 10}, {"y": "one-hot"}) == []


def cut_off(repair: Repair) -> Callable[[], Project]:
    return lambda: apply_repair(Project("empty"), repair)


@pytest.mark.parametrize("kind", ["insert", "layer", "call", "dtype", "shape", "delete", "rename", "output"])
def test_a_repair_of_what_is_gone_is_refused(kind: Any) -> None:
    value = {"delete": ("a",), "rename": "b", "insert": None}.get(kind, "float32")
    with pytest.raises(EditError):
        cut_off(Repair("", kind, "a", "Flatten", value))()
    with pytest.raises(EditError):
        cut_off(Repair("", kind, "gone/a", "Flatten", value))()


def test_an_output_gets_no_name_of_another_by_hand_nor_from_a_file(tmp_path: Path) -> None:
    project = outputs_of_one_name()
    with pytest.raises(EditError, match="y is the name of another output"):
        grouping.rename_output(project, "", "other", "y")
    write(tmp_path, project)
    file = tmp_path / "kerastui.toml"
    file.write_text(file.read_text().replace('other = "a"', 'y = "a"'))
    with pytest.raises(ProjectFileError, match="y stands twice in its table"):
        read(tmp_path)


def test_cycles_and_sources_that_are_not_there_come_neither_by_hand_nor_from_a_file(tmp_path: Path) -> None:
    project = net({"x": (8,)}, ("d", "Dense", FOUR, ["x"]), ("a", "Dense", FOUR, ["d"]))
    with pytest.raises(EditError, match="cycle"):
        commands.connect(project, "a", "d")
    with pytest.raises(EditError, match="no input or layer"):
        commands.connect(project, "gone", "a")
    with pytest.raises(EditError, match="cycle"):
        apply_repair(project, Repair("", "call", "d", value=Call("d", ("a",))))
    write(tmp_path, project)
    file = tmp_path / "kerastui.toml"
    sound = file.read_text()
    for wrong, words in (('["a"]', "cycle"), ('["gone"]', "no input or call `gone`")):
        file.write_text(sound.replace('["x"]', wrong))
        with pytest.raises(ProjectFileError, match=words):
            read(tmp_path)
