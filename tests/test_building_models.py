"""Models inside, further outputs, tensors by name: as Keras has them, and as the check sees them."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
import pytest
from msgspec.structs import replace

from kerastui.engine.building import BuildError, build_model, compile_model, summary_text
from kerastui.engine.checking import Checker
from kerastui.engine.importing.project import project_of
from kerastui.engine.keras_private import operations_of
from kerastui.engine.process.protocol import Checked
from kerastui.engine.project import settings
from kerastui.engine.project.document import MODEL, Call, Graph, Input, Layer, Project, Spec
from kerastui.engine.project.measures import reported
from kerastui.engine.project.nesting import wrong_models
from kerastui.engine.writing.python import python_code

ENCODER = Graph(
    inputs={"text": Input((None, 8))},
    layers={"lstm": Layer("LSTM", {"units": 4, "return_state": True})},
    calls={"lstm": Call("lstm", ("text",))},
    outputs={"code": "lstm", "memory": "lstm:2"},
)
PROJECT = Project(
    "seq",
    graph=Graph(
        inputs={"left": Input((5, 8)), "right": Input((None, 8))},
        layers={
            "encoder": Layer(MODEL, {"model": "encoder"}),
            "gru": Layer("GRU", {"units": 4}),
            "add": Layer("Add"),
        },
        calls={
            "encoder": Call("encoder", ("left",)),
            "encoder_1": Call("encoder", ("right",)),
            "gru": Call("gru", ("right",), {"initial_state": "encoder:memory"}, {"training": True}),
            "add": Call("add", ("gru", "encoder_1:code")),
        },
        outputs={"sum": "add", "memory": "encoder_1:memory"},
    ),
    models={"encoder": ENCODER},
)


def check(project: Project = PROJECT) -> Checked:
    return Checker().check(project)


def with_layer(layer: Layer, call: Call, inputs: dict[str, Input], **models: Graph) -> Project:
    """Return a project with one call, `it`."""
    graph = Graph(inputs, {"it": layer}, {"it": call}, {"out": "it"})
    return Project("one", graph=graph, models=models)


def test_the_check_sees_all_outputs_and_what_is_inside() -> None:
    checked = check()
    assert checked.problems == ()
    assert set(checked.calls) == {"encoder", "encoder_1", "gru", "add", "encoder/lstm"}
    encoder = checked.calls["encoder"]
    assert [(each.port, each.shape) for each in encoder.outputs] == [("code", (None, 4)), ("memory", (None, 4))]
    assert [each.port for each in checked.calls["encoder/lstm"].outputs] == ["0", "1", "2"]
    memory = checked.tensor("encoder:memory")
    assert memory is not None
    assert memory.shape == (None, 4)
    lstm = 4 * 4 * (8 + 4 + 1)
    assert (encoder.params, checked.calls["encoder_1"].params) == (lstm, 0)
    assert checked.params == lstm + 3 * 4 * (8 + 4 + 2) == build_model(PROJECT).count_params()


def test_operations_and_memory_follow_the_shapes_of_each_call() -> None:
    checked = check()
    step = 2 * 4 * 4 * (8 + 4)
    assert checked.calls["encoder/lstm"].flops == step
    assert (checked.calls["encoder"].flops, checked.calls["encoder_1"].flops) == (5 * step, step)
    assert checked.calls["encoder"].memory == 3 * 4 * 4
    assert checked.flops == 6 * step + 2 * 3 * 4 * 12 + 4


def test_the_model_is_what_keras_makes_of_it() -> None:
    model = build_model(PROJECT)
    layer = keras.layers.LSTM(4, return_state=True)
    text = keras.Input((None, 8))
    code, _, memory = layer(text)
    encoder = keras.Model(text, {"code": code, "memory": memory})
    left, right = keras.Input((5, 8), name="left"), keras.Input((None, 8), name="right")
    other = encoder(right)
    gru = keras.layers.GRU(4)(right, initial_state=encoder(left)["memory"], training=True)
    reference = keras.Model([left, right], {"sum": gru + other["code"], "memory": other["memory"]})
    by_shape = {value.shape: value for value in model.get_weights()}
    assert len(by_shape) == len(model.get_weights())
    reference.set_weights([by_shape[value.shape] for value in reference.get_weights()])
    rows = [np.random.default_rng(0).normal(size=(2, 5, 8)).astype("float32") for _ in range(2)]
    expected, given = reference(rows), model(rows)
    for name in ("sum", "memory"):
        np.testing.assert_array_equal(given[name], expected[name])
    assert type(model).from_config(model.get_config()).get_config() == model.get_config()
    assert build_model(PROJECT).get_config() == model.get_config()


def test_a_model_may_stand_in_a_wrapper() -> None:
    each = Graph({"x": Input((3,))}, {"d": Layer("Dense", {"units": 2})}, {"d": Call("d", ("x",))}, {"y": "d"})
    layer = Layer("TimeDistributed", {"layer": Spec(MODEL, {"model": "each"})})
    project = with_layer(layer, Call("it", ("x",)), {"x": Input((7, 3))}, each=each)
    checked = check(project)
    assert checked.problems == ()
    assert (checked.calls["it"].shape, checked.calls["it"].params) == ((None, 7, 2), 8)
    assert checked.calls["it"].flops == 7 * checked.calls["each/d"].flops == 7 * 2 * 3 * 2
    assert build_model(project).output_shape == (None, 7, 2)
    names = [layer.name for layer in build_model(project).layers[1].layer.layers]
    assert names == ["x", "d"]
    itself = replace(each, layers={"d": layer})
    (problem,) = check(replace(project, models={"each": itself})).problems
    assert (problem.subject, problem.what) == ("each/d", "the model each holds itself: each → each")
    with pytest.raises(BuildError, match="holds itself"):
        build_model(replace(project, models={"each": itself}))
    wider = replace(each, layers={"d": Layer("Dense", {"units": 9})})
    assert check(replace(project, models={"each": wider})).calls["it"].shape == (None, 7, 9)


@pytest.mark.parametrize(("takes", "gives"), [("", ""), ("list", "list"), ("dict", "dict")])
def test_structures_are_kept(takes: Any, gives: Any) -> None:
    inner = Graph({"x": Input((2,))}, {"d": Layer("Dense", {"units": 2})}, {"d": Call("d", ("x",))}, {"y": "d"})
    inner = replace(inner, takes=takes, gives=gives)
    project = with_layer(Layer(MODEL, {"model": "m"}), Call("it", ("x",)), {"x": Input((2,))}, m=inner)
    model = build_model(replace(project, graph=replace(project.graph, takes=takes, gives=gives)))
    rows = np.ones((1, 2), "float32")
    value: Any = model({"": rows, "list": [rows], "dict": {"x": rows}}[takes])
    value = value["out"] if gives == "dict" else value  # Keras unpacks a list of one
    assert value.shape == (1, 2)
    assert check(project).calls["it"].outputs[0].port == "y"


def test_inputs_of_a_model_are_taken_by_name_too() -> None:
    inner = Graph(
        {"a": Input((2,)), "b": Input((3,))},
        {"wide": Layer("Dense", {"units": 3, "kernel_initializer": "ones"}), "less": Layer("ops.subtract")},
        {"wide": Call("wide", ("a",)), "less": Call("less", ("wide", "b"))},
        {"y": "less"},
    )
    inputs = {"two": Input((2,)), "three": Input((3,))}
    project = with_layer(Layer(MODEL, {"model": "m"}), Call("it", (), {"b": "three", "a": "two"}), inputs, m=inner)
    assert check(project).problems == ()
    rows = [np.ones((1, 2), "float32"), np.ones((1, 3), "float32")]
    np.testing.assert_array_equal(build_model(project)(rows), np.ones((1, 3)))
    assert "[two, three])" in python_code(project)
    half = with_layer(Layer(MODEL, {"model": "m"}), Call("it", (), {"b": "three"}), inputs, m=inner)
    (problem,) = check(half).problems
    assert problem.what == "the model takes 2 inputs (a, b), gets 1"


def test_metrics_have_the_same_names_in_every_run() -> None:
    project = with_layer(Layer("Dense", {"units": 1}), Call("it", ("x",)), {"x": Input((2,))})
    project = settings.set_compile(settings.set_loss(project, "out", Spec("MeanSquaredError")), run_eagerly=True)
    project = settings.set_metrics(project, "out", (Spec("AUC"), Spec("LogCoshError"), Spec("FBetaScore")))
    rows, ends = np.ones((2, 2), "float32"), np.ones((2, 1), "float32")
    for _ in range(2):
        model = build_model(project)
        compile_model(project, model)
        assert sorted(model.evaluate(rows, ends, verbose=0, return_dict=True)) == sorted(reported(project))


def test_a_recurrent_layer_gets_all_its_states_or_none() -> None:
    inputs = {"x": Input((None, 8)), "h": Input((4,)), "c": Input((4,))}
    layer = Layer("LSTM", {"units": 4})
    one = with_layer(layer, Call("it", ("x",), {"initial_state": "h"}), inputs)
    assert [problem.what for problem in check(one).problems] == ["LSTM takes 2 states (h, c), gets 1"]
    assert check(with_layer(layer, Call("it", ("x",), {"initial_state": ("h", "c")}), inputs)).problems == ()
    both = Layer("Bidirectional", {"layer": Spec("GRU", {"units": 4})})
    assert check(with_layer(both, Call("it", ("x",), {"initial_state": ("h", "c")}), inputs)).problems == ()


def test_an_attention_that_lost_its_value_says_so() -> None:
    inputs = {"x": Input((None, 8))}
    call = Call("it", ("x",), {"key": "x"})
    (problem,) = check(with_layer(Layer("MultiHeadAttention", {"num_heads": 1, "key_dim": 2}), call, inputs)).problems
    assert "value" in problem.what


def test_a_frozen_model_has_no_trainable_parameters() -> None:
    frozen = {**PROJECT.graph.layers, "encoder": Layer(MODEL, {"model": "encoder", "trainable": False})}
    project = replace(PROJECT, graph=replace(PROJECT.graph, layers=frozen))
    model = build_model(project)
    assert check(project).trainable == sum(weight.numpy().size for weight in model.trainable_weights) == 168


def test_a_model_that_holds_itself_is_a_problem_of_the_layer() -> None:
    x = {"x": Input((2,))}
    a = Graph(x, {"to_b": Layer(MODEL, {"model": "b"})}, {"to_b": Call("to_b", ("x",))}, {"y": "to_b"})
    b = Graph(x, {"to_a": Layer(MODEL, {"model": "a"})}, {"to_a": Call("to_a", ("x",))}, {"y": "to_a"})
    project = with_layer(Layer(MODEL, {"model": "a"}), Call("it", ("x",)), x, a=a, b=b)
    checked = check(project)
    assert [(each.subject, each.what) for each in checked.problems] == [
        ("b/to_a", "the model a holds itself: a → b → a")
    ]
    assert checked.problems == tuple(wrong_models(project))
    assert checked.calls["it"].waits
    with pytest.raises(BuildError, match="holds itself") as refused:
        build_model(project)
    assert refused.value.node == "b/to_a"


def test_a_model_that_holds_itself_where_nothing_feeds_it_is_checked() -> None:
    inner = {"d": Layer("Dense", {"units": 2}), "m": Layer(MODEL, {"model": "m"}), "gone": Layer(MODEL)}
    m = Graph({"x": Input((2,))}, inner, {"d": Call("d", ("x",)), "m": Call("m")}, {"y": "d"})
    checked = check(with_layer(Layer(MODEL, {"model": "m"}), Call("it", ("x",)), {"x": Input((2,))}, m=m))
    assert (checked.problems, checked.calls["it"].shape) == ((), (None, 2))


def test_problems_have_the_place_of_the_call() -> None:
    bad = replace(ENCODER, layers={"lstm": Layer("Conv2D", {"filters": 2, "kernel_size": 3})})
    checked = check(replace(PROJECT, models={"encoder": bad}))
    assert [each.subject for each in checked.problems] == ["encoder/lstm"]
    assert checked.calls["encoder"].waits
    narrow = replace(PROJECT.graph, inputs={**PROJECT.graph.inputs, "left": Input((5, 9))})
    (problem,) = check(replace(PROJECT, graph=narrow)).problems
    assert (problem.subject, problem.what) == ("encoder", "text takes (∅, ∅, 8), gets (∅, 5, 9)")
    calls = {**PROJECT.graph.calls, "add": Call("add", ("gru", "encoder:nothing"))}
    (problem,) = check(replace(PROJECT, graph=replace(PROJECT.graph, calls=calls))).problems
    assert (problem.subject, problem.what) == ("add", "encoder has no output nothing")
    assert problem.hint == "its outputs are code, memory"
    absent = {**PROJECT.graph.layers, "encoder": Layer(MODEL, {"model": "none"})}
    without = replace(PROJECT, graph=replace(PROJECT.graph, layers=absent))
    problem, again = check(without).problems
    assert [problem, again] == [*wrong_models(without)]
    assert (problem.subject, problem.what, again.subject) == ("encoder", "there is no model none", "encoder_1")


def test_a_check_costs_only_what_an_edit_touched(monkeypatch: pytest.MonkeyPatch) -> None:
    from kerastui.engine import calling, checking

    checker = Checker()
    checker.check(PROJECT)
    computed: list[str] = []
    call_layer = calling.call_layer

    def counted(node: str, *rest: Any) -> Any:
        computed.append(node)
        return call_layer(node, *rest)

    monkeypatch.setattr(checking, "call_layer", counted)
    checker.check(PROJECT)
    assert computed == []
    layers = {**PROJECT.graph.layers, "gru": Layer("GRU", {"units": 4, "use_bias": False})}
    checker.check(replace(PROJECT, graph=replace(PROJECT.graph, layers=layers)))
    assert computed == ["gru"]


# Operations -----------------------------------------------------------------------------------------------------------


def operations() -> Project:
    """Return a project of functions of `keras.ops`: constants on either side, a slice, a list, several outputs."""
    every = Spec("slice", {"start": None, "stop": None, "step": None})
    graph = Graph(
        inputs={"x": Input((4,)), "y": Input((4,))},
        layers={
            "matmul": Layer("ops.einsum", {"subscripts": "bi,bj->bij"}),
            "first": Layer("ops.get_item", {"key": (Spec("Ellipsis"), every, 0)}),
            "half": Layer("ops.multiply"),
            "less": Layer("ops.subtract"),
            "joined": Layer("ops.concatenate", {"axis": 1}),
            "best": Layer("ops.top_k", {"k": 2}),
        },
        calls={
            "matmul": Call("matmul", ("x", "y")),
            "first": Call("first", ("matmul",)),
            "half": Call(
                "half", ("first",), {}, {"x2": Spec("constant", {"value": (0.5, 1, 2, 3), "dtype": "float32"})}
            ),
            "less": Call("less", ("half",), {}, {"x1": 1.0}),
            "less_1": Call("less", ("less",), {}, {"x1": 1.0}),
            "joined": Call("joined", ("less_1", "x", "y")),
            "best": Call("best", ("joined",)),
        },
        outputs={"values": "best", "places": "best:1"},
    )
    return Project("ops", graph=graph)


def test_functions_of_keras_are_applied_to_tensors() -> None:
    project = operations()
    checked = check(project)
    assert checked.problems == ()
    assert [(each.port, each.shape, each.dtype) for each in checked.calls["best"].outputs] == [
        ("0", (None, 2), "float32"),
        ("1", (None, 2), "int32"),
    ]
    assert checked.calls["matmul"].flops == 2 * 4 * 4
    assert (checked.calls["half"].flops, checked.calls["first"].flops) == (4, 0)
    model = build_model(project)
    names = {operation.name for operation in operations_of(model)}
    assert names == {"x", "y", *project.graph.calls}
    x, y = np.random.default_rng(0).normal(size=(2, 3, 4)).astype("float32")
    half = (x[:, :, None] * y[:, None])[..., :, 0] * np.array([0.5, 1, 2, 3], "float32")
    expected = np.sort(np.concatenate([1 - (1 - half), x, y], axis=1))[:, :-3:-1]
    np.testing.assert_allclose(model([x, y])["values"], expected, rtol=1e-6)
    assert build_model(project).get_config() == model.get_config()
    again = type(model).from_config(model.get_config())
    np.testing.assert_array_equal(again([x, y])["places"], model([x, y])["places"])


@pytest.mark.parametrize(
    ("layer", "call", "said"),
    [
        (Layer("ops.matmul"), Call("it", ("x",)), "ops.matmul takes a second input (x2), gets 1: (∅, 4)"),
        (Layer("ops.exp"), Call("it", ("x", "x")), "ops.exp takes 1 inputs (x), gets 2"),
        (Layer("ops.nothing"), Call("it", ("x",)), "there is no function ops.nothing in this Keras"),
        (Layer("ops.reshape"), Call("it", ("x",)), "ops.reshape: newshape is missing: it takes a value"),
    ],
)
def test_calls_of_functions_that_cannot_be_are_said(layer: Layer, call: Call, said: str) -> None:
    (problem,) = check(with_layer(layer, call, {"x": Input((4,))})).problems
    assert (problem.subject, problem.what.partition(", such as")[0]) == ("it", said)


LOOKUP = Spec("StringLookup", {"vocabulary": ("a", "b"), "output_mode": "multi_hot"})
WORDS = Graph(
    {"x": Input((2,), "string")}, {"l": Layer(LOOKUP.class_name, LOOKUP.config)}, {"l": Call("l", ("x",))}, {"l": "l"}
)


@pytest.mark.parametrize(
    ("layer", "value", "shape"),
    [
        (Layer(LOOKUP.class_name, LOOKUP.config), Input((2,), "string"), (None, 3)),
        (Layer("IntegerLookup", {"vocabulary": (3, 4), "output_mode": "one_hot"}), Input((1,), "int64"), (None, 3)),
        (
            Layer("IntegerLookup", {"vocabulary": (3,), "output_mode": "count", "num_oov_indices": 2}),
            Input((5,), "int64"),
            (None, 3),
        ),
        (
            Layer("StringLookup", {"vocabulary": ("a", "b"), "idf_weights": (0.5, 0.25), "output_mode": "tf_idf"}),
            Input((2,), "string"),
            (None, 3),
        ),
        (
            Layer("TextVectorization", {"vocabulary": ("a", "b"), "output_mode": "count"}),
            Input((1,), "string"),
            (None, 1, 3),
        ),
        (Layer("TimeDistributed", {"layer": LOOKUP}), Input((4, 2), "string"), (None, 4, 3)),
        (Layer("TimeDistributed", {"layer": Spec(MODEL, {"model": "m"})}), Input((4, 2), "string"), (None, 4, 3)),
    ],
)
def test_a_check_knows_the_size_of_a_vocabulary(layer: Layer, value: Input, shape: tuple[int | None, ...]) -> None:
    project = with_layer(layer, Call("it", ("x",)), {"x": value}, m=WORDS)
    checked = check(project)
    assert (checked.problems, checked.calls["it"].shape) == ((), shape)
    built = build_model(project).output
    assert (built.shape, built.dtype) == (shape, checked.calls["it"].dtype)
    assert str(shape) in summary_text(project, 100)


def test_a_model_with_a_vocabulary_is_imported() -> None:
    x = keras.Input((2,), dtype="string", name="x")
    lookup = keras.layers.StringLookup(output_mode="count", name="lookup")
    lookup.adapt(np.array(["a", "b", "a"]))
    project = project_of(keras.Model(x, lookup(x)), "words").project
    assert project.graph.layers["lookup"] == Layer("StringLookup", {"output_mode": "count", "vocabulary": ("a", "b")})
