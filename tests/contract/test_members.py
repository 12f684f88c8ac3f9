"""Contract: the properties of a model, and how layers are found, as each generation documents them."""

from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf

from kerastui.engine import Input, Model, Sequential

Dense = keras.layers.Dense
row = pytest.mark.row


def graph(name: str = "graph") -> Any:
    inputs = Input((3,), name="in")
    return Model(inputs, Dense(2, name="out")(Dense(4, name="hidden")(inputs)), name=name)


class Sub(Model):
    """Two layers and, on request, what tf.keras 2 had in the constructor."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.hidden = Dense(4, name="hidden")
        self.out = Dense(2, name="out")

    def call(self, inputs: Any) -> Any:
        return self.out(self.hidden(inputs))


def stateful() -> Any:
    inputs = Input(batch_shape=(2, 3, 1))
    return Model(inputs, keras.layers.LSTM(2, stateful=True, name="lstm")(inputs))


@row("activity_regularizer")
def test_an_activity_regularizer_adds_a_loss_for_the_outputs() -> None:
    model = Sub(activity_regularizer=keras.regularizers.L2(0.5))
    output = np.asarray(model(np.ones((2, 3))))
    assert model.activity_regularizer.l2 == 0.5
    assert float(model.losses[0]) == pytest.approx(0.5 * (output**2).sum() / 2, rel=1e-5)
    assert graph().activity_regularizer is None


@row("compute_dtype")
def test_compute_dtype_is_that_of_the_outputs() -> None:
    model = Sub(dtype="float64")
    model.hidden.dtype_policy = model.out.dtype_policy = "float64"
    assert model.compute_dtype == "float64" == model(np.ones((1, 3), "float32")).dtype.name
    assert graph().compute_dtype == "float32"


@row("compute_dtype#mixed")
def test_mixed_precision_computes_in_half_and_keeps_weights_whole() -> None:
    model = Sub(dtype="mixed_float16")
    assert (model.compute_dtype, model.dtype, model.variable_dtype) == ("float16", "float32", "float32")


@row("dtype")
def test_dtype_is_that_of_the_weights() -> None:
    assert Sub().dtype == "float32"
    assert Sub(dtype="float64").dtype == "float64"
    assert Sub(dtype="mixed_bfloat16").dtype == "float32"


@row("dtype_policy")
def test_dtype_policy_is_a_policy() -> None:
    policy = Sub(dtype="mixed_float16").dtype_policy
    assert isinstance(policy, keras.dtype_policies.DTypePolicy)
    assert policy.name == "mixed_float16"


@row("variable_dtype")
def test_variable_dtype_is_that_of_weights_made_in_the_model() -> None:
    model = Sub(dtype="mixed_float16")
    assert model.variable_dtype == model.add_weight(shape=(1,)).dtype == "float32"


@row("dynamic")
def test_dynamic_is_set_in_the_constructor_and_found_in_layers() -> None:
    assert not graph().dynamic
    assert not Sub().dynamic
    assert Sub(dynamic=True).dynamic
    assert Sequential([Sub(dynamic=True)]).dynamic


@row("input")
def test_input_is_the_symbolic_tensor_the_model_was_made_from() -> None:
    inputs = {"a": Input((3,), name="a")}
    model = Model(inputs, Dense(2)(inputs["a"]))
    assert model.input == inputs
    assert model.inputs == [inputs["a"]]
    with pytest.raises(AttributeError):
        _ = Sub().input


@row("output")
def test_output_is_the_symbolic_tensor_the_model_was_made_to() -> None:
    inputs = Input((3,))
    outputs = [Dense(2)(inputs), Dense(1)(inputs)]
    assert Model(inputs, outputs).output == outputs
    assert Model(inputs, outputs[0]).output is outputs[0]


@row("input_spec")
def test_input_spec_is_checked_on_a_call() -> None:
    class Images(Model):
        def __init__(self) -> None:
            super().__init__()
            self.input_spec = keras.layers.InputSpec(ndim=4)

        def call(self, inputs: Any) -> Any:
            return inputs

    model = Images()
    assert model.input_spec.ndim == 4
    with pytest.raises(ValueError, match=r"expected ndim=4, found ndim=1. Full shape received: \(2,\)"):
        model(tf.ones((2,)))
    assert model(tf.ones((1, 1, 1, 1))).shape == (1, 1, 1, 1)
    assert graph().input_spec[0].shape == (None, 3)


@row("layers")
def test_layers_lists_those_of_graph_stack_and_subclass() -> None:
    assert [layer.name for layer in graph().layers] == ["in", "hidden", "out"]
    assert [layer.name for layer in Sub().layers] == ["hidden", "out"]
    assert [layer.name for layer in Sequential([Input((3,)), Dense(1, name="one")]).layers] == ["one"]
    with pytest.raises(AttributeError, match="layers"):
        Sub().layers = []


@row("name")
def test_name_is_given_or_made_anew() -> None:
    assert graph("mine").name == "mine"
    assert Sub(name="ours").name == "ours"
    assert Sub().name != Sub().name
    assert Sub().name.startswith("sub")


@row("name_scope")
def test_name_scope_names_what_is_made_inside() -> None:
    model = Sub(name="tower")
    assert isinstance(model.name_scope, tf.name_scope)
    with model.name_scope:
        assert tf.Variable(1.0, name="v").name == "tower/v:0"


@row("with_name_scope")
def test_with_name_scope_decorates_as_the_class_method_it_is() -> None:
    class Scoped(Sub):
        @Model.with_name_scope
        def make(self, start: float, *, name: str = "v") -> Any:
            """Make one."""
            return tf.Variable(start, name=name)

    assert Scoped(name="tower").make(1.0, name="w").name == "tower/w:0"
    assert Scoped.make.__doc__ == "Make one."


@row("with_name_scope(method)")
def test_with_name_scope_takes_a_method_and_gives_one_back() -> None:
    scoped = Sub.with_name_scope(lambda self, x: (self.name, tf.Variable(x).name))
    name, variable = scoped(Sub(name="tower"), 1.0)
    assert (name, variable.split("/")[0]) == ("tower", "tower")


@row("trainable")
def test_trainable_false_freezes_all_layers() -> None:
    model = graph()
    model.trainable = False
    assert not model.trainable
    assert model.trainable_weights == []
    assert not any(layer.trainable for layer in model.layers)
    model.trainable = True
    assert len(model.trainable_weights) == 4


@row("trainable_weights")
def test_trainable_weights_are_those_that_training_changes() -> None:
    model = graph()
    model.get_layer("hidden").trainable = False
    before = [np.array(weight) for weight in model.get_weights()]
    model.compile("sgd", "mse", run_eagerly=True)
    model.fit(np.ones((4, 3)), np.ones((4, 2)), verbose=0)
    changed = [not np.array_equal(a, b) for a, b in zip(before, model.get_weights(), strict=True)]
    assert [weight.path for weight in model.trainable_weights] == ["out/kernel", "out/bias"]
    assert changed == [False, False, True, True]


@row("non_trainable_weights")
def test_non_trainable_weights_are_statistics_and_frozen_layers() -> None:
    inputs = Input((3,))
    model = Model(inputs, Dense(1, trainable=False)(keras.layers.BatchNormalization()(inputs)))
    assert [weight.name for weight in model.non_trainable_weights] == [
        "moving_mean",
        "moving_variance",
        "kernel",
        "bias",
    ]


@row("weights")
def test_weights_are_all_weights_without_random_state() -> None:
    inputs = Input((3,))
    model = Model(inputs, keras.layers.Dropout(0.5)(Dense(2)(inputs)))
    assert [weight.name for weight in model.weights] == ["kernel", "bias"]
    assert len(model.variables) == 3


@row("sample_weights")
def test_sample_weights_has_an_entry_for_each_output() -> None:
    inputs = Input((3,))
    model = Model(inputs, [Dense(2)(inputs), Dense(1)(inputs)])
    assert model.sample_weights == []
    model.compile("sgd", "mse")
    assert model.sample_weights == [None, None]
    single = Sub()
    single.compile("sgd", "mse")
    assert single.sample_weights == [None]


@row("state_updates")
def test_state_updates_is_an_empty_list() -> None:
    assert stateful().state_updates == []
    assert Sub().state_updates == []


@row("stateful")
def test_stateful_is_true_with_any_stateful_layer() -> None:
    model = stateful()
    assert model.stateful
    assert Sequential([Input(batch_shape=(2, 3, 1)), model]).stateful
    assert not graph().stateful


@row("reset_states")
def test_reset_states_sets_stateful_layers_back() -> None:
    model = stateful()
    first, second = (np.asarray(model(np.ones((2, 3, 1)))) for _ in range(2))
    assert not np.allclose(first, second)
    outer = Sequential([Input(batch_shape=(2, 3, 1)), model])
    outer.reset_states()
    assert np.allclose(model(np.ones((2, 3, 1))), first)


@row("submodules")
def test_submodules_are_all_nested_modules_in_order() -> None:
    class Outer(Model):
        def __init__(self) -> None:
            super().__init__()
            self.inner = Sub()
            self.module = tf.Module()
            self.module.below = tf.Module()

    model = Outer()
    expected = [model.inner, model.inner.hidden, model.inner.out, model.module, model.module.below]
    assert list(model.submodules) == expected
    assert model.submodules == tuple(expected)
    assert model.submodules[-1] is model.module.below
    assert list(model.inner.submodules) == [model.inner.hidden, model.inner.out]


@row("supports_masking")
def test_supports_masking_is_true_for_graphs_and_where_it_is_set_or_implemented() -> None:
    class Masking(Sub):
        def compute_mask(self, inputs: Any, mask: Any = None) -> Any:
            return mask

    model = Sub()
    assert model.supports_masking is False
    model.supports_masking = True
    assert model.supports_masking is True
    assert Masking().supports_masking is True
    assert graph().supports_masking is True


@row("count_params")
def test_count_params_adds_up_the_weights() -> None:
    assert graph().count_params() == 3 * 4 + 4 + 4 * 2 + 2


@row("count_params#unbuilt")
def test_count_params_of_an_unbuilt_model_is_refused() -> None:
    with pytest.raises(ValueError, match="isn't built"):
        Sub().count_params()


@row("get_layer")
def test_get_layer_finds_by_name_or_index() -> None:
    model = graph()
    assert model.get_layer("hidden") is model.get_layer(index=1) is model.layers[1]
    with pytest.raises(ValueError, match=r"`name` or an `index`"):
        model.get_layer()


@row("get_layer(name)")
def test_get_layer_by_name_in_a_subclass() -> None:
    model = Sub()
    assert model.get_layer(name="out") is model.out


@row("get_layer(index)")
def test_get_layer_by_index_from_either_end() -> None:
    model = Sub()
    assert model.get_layer(index=0) is model.hidden
    assert model.get_layer(index=-1) is model.out


@row("get_layer#both")
def test_get_layer_by_both_goes_by_the_index() -> None:
    model = graph()
    assert model.get_layer("hidden", 2) is model.layers[2]
    assert model.get_layer("no such layer", 0) is model.layers[0]


@row("get_layer#invalid")
def test_get_layer_of_unknown_name_or_index_names_the_nearest() -> None:
    model = graph()
    with pytest.raises(ValueError, match=r"\['hidden', .*Received: name='hiden'"):
        model.get_layer("hiden")
    for index in (3, -4):
        with pytest.raises(ValueError, match=rf"below 3.*Received: index={index}"):
            model.get_layer(index=index)


@row("get_layer#index_bottom_up")
def test_get_layer_counts_from_the_inputs_up() -> None:
    left, right = Input((1,), name="left"), Input((1,), name="right")
    deep = Dense(1, name="second")(Dense(1, name="first")(left))
    model = Model([left, right], keras.layers.Add(name="sum")([deep, right]))
    names = [model.get_layer(index=index).name for index in range(5)]
    assert names.index("left") < names.index("first") < names.index("second") < names.index("sum") == 4
