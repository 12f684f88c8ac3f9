"""Losses of `compile`: for one and several outputs, their factors, and the weights of samples and time steps."""

from functools import partial
from typing import Any

import keras
import numpy as np
import pytest
import small_models
from small_models import X, Y

from kerastui import engine
from kerastui.engine.training.compiled_loss import CompiledLoss

row = pytest.mark.row

# Eager steps, but for the tests that ask for a graph: tracing takes longer than these few batches.
line = partial(small_models.line, run_eagerly=True)
two_outputs = partial(small_models.two_outputs, run_eagerly=True)

Y2 = (Y + 1.0) ** 2
STEPS = np.linspace(0.0, 2.0, 8 * 4, dtype="float32").reshape(8, 4)


def prediction(model: Any, x: Any = X) -> Any:
    return keras.tree.map_structure(np.asarray, model(x))


def mse(y: Any, y_pred: Any) -> Any:
    return np.mean((y - y_pred) ** 2, axis=-1)


def mae(y: Any, y_pred: Any) -> Any:
    return np.mean(np.abs(y - y_pred), axis=-1)


def results(model: Any, y: Any, **more: Any) -> dict[str, float]:
    found: dict[str, float] = model.evaluate(X, y, batch_size=3, verbose=0, return_dict=True, **more)
    return found


def sequences(home: Any = engine, **settings: Any) -> Any:
    """A model of `(samples, 4 steps, 1)`, whose outputs have a value for each step."""
    inputs = keras.Input((4, 1))
    outputs = keras.layers.Dense(1, kernel_initializer="ones", name="steps")(inputs)
    model = home.Model(inputs, outputs)
    model.compile(**({"optimizer": "sgd", "loss": "mse"} | settings))
    return model


@row("compile(loss)")
@pytest.mark.parametrize("loss", ["mse", keras.losses.MeanSquaredError(), lambda y, y_pred: (y - y_pred) ** 2])
def test_a_loss_by_name_object_or_function(loss: Any) -> None:
    model = line(loss=loss)
    assert model.evaluate(X, Y, verbose=0) == pytest.approx(mse(Y, prediction(model)).mean(), rel=1e-5)
    # Weights of samples, as in Keras: the sum is divided by the number of samples, not by the sum of the weights.
    weight = np.arange(8.0)
    expected = (mse(Y, prediction(model)) * weight).mean()
    assert model.evaluate(X, Y, sample_weight=weight, verbose=0) == pytest.approx(expected, rel=1e-5)


@row("compile#loss_single_for_all")
def test_one_loss_is_for_every_output() -> None:
    model = two_outputs(loss="mse", run_eagerly=False)
    found = results(model, [Y, Y2])
    a, b = prediction(model)
    # Batches of 3, 3 and 2 rows: the mean over rows, where stock Keras takes the mean over batches.
    assert found["a_loss"] == pytest.approx(mse(Y, a).mean(), rel=1e-5)
    assert found["b_loss"] == pytest.approx(mse(Y2, b).mean(), rel=1e-5)
    assert found["loss"] == pytest.approx(found["a_loss"] + found["b_loss"], rel=1e-5)
    assert list(found) == ["loss", "a_loss", "b_loss"]


@row("compile#loss_list")
def test_a_list_of_losses_is_summed() -> None:
    model = two_outputs(loss=["mse", "mae"])
    found = results(model, [Y, Y2])
    a, b = prediction(model)
    assert found["loss"] == pytest.approx(mse(Y, a).mean() + mae(Y2, b).mean(), rel=1e-5)
    assert found["loss"] == pytest.approx(results(two_outputs(keras, loss=["mse", "mae"]), [Y, Y2])["loss"], rel=1e-5)


@row("compile#loss_dict_by_output")
def test_a_dict_of_losses_goes_by_the_names_of_outputs() -> None:
    model = two_outputs(loss={"b": "mae", "a": "mse"})
    a, b = prediction(model)
    found = results(model, {"a": Y, "b": Y2})
    assert found["a_loss"] == pytest.approx(mse(Y, a).mean(), rel=1e-5)
    assert found["b_loss"] == pytest.approx(mae(Y2, b).mean(), rel=1e-5)
    # An output that the dict leaves out has no loss, and needs no target.
    model = two_outputs(loss={"b": "mae"})
    assert results(model, {"b": Y2}) == pytest.approx({"loss": found["b_loss"]}, rel=1e-5)
    assert results(model, [Y, Y2]) == pytest.approx({"loss": found["b_loss"]}, rel=1e-5)


@row("compile(loss_weights)")
@pytest.mark.parametrize("loss_weights", [[2.0, 0.5], (2, 0.5), {"b": 0.5, "a": 2.0}])
@pytest.mark.parametrize("loss", ["mse", {"a": "mse", "b": "mse"}])
def test_factors_change_the_total_alone(loss: Any, loss_weights: Any) -> None:
    plain = results(two_outputs(loss=loss), [Y, Y2])
    found = results(two_outputs(loss=loss, loss_weights=loss_weights), [Y, Y2])
    assert (found["a_loss"], found["b_loss"]) == (plain["a_loss"], plain["b_loss"])
    assert found["loss"] == pytest.approx(2.0 * plain["a_loss"] + 0.5 * plain["b_loss"], rel=1e-5)


def test_a_dict_of_factors_may_be_partial_and_one_number_is_for_all() -> None:
    plain = results(two_outputs(), [Y, Y2])
    assert results(two_outputs(loss_weights={"b": 3.0}), [Y, Y2])["loss"] == pytest.approx(
        plain["a_loss"] + 3.0 * plain["b_loss"], rel=1e-5
    )
    assert line(loss_weights=2.0).evaluate(X, Y, verbose=0) == pytest.approx(
        2 * line().evaluate(X, Y, verbose=0), rel=1e-5
    )


@row("compile#loss_reduction_none")
def test_a_loss_without_reduction_keeps_a_value_per_sample() -> None:
    loss = keras.losses.MeanSquaredError(reduction=None)
    model = line(loss=loss)
    kept = model.compute_loss(X, Y, model(X))
    assert kept.shape == (8,)
    np.testing.assert_allclose(kept, mse(Y, prediction(model)), rtol=1e-5)
    assert model.evaluate(X, Y, verbose=0) == pytest.approx(float(np.mean(kept)), rel=1e-5)


def test_the_crossentropy_of_a_loss_is_chosen_by_the_shapes() -> None:
    probabilities = np.array([[0.2, 0.7, 0.1], [0.6, 0.3, 0.1]], "float32")
    sparse = CompiledLoss("ce")(np.array([1, 0]), probabilities)
    one_hot = CompiledLoss("crossentropy")(np.eye(3)[[1, 0]], probabilities)
    assert float(sparse) == pytest.approx(-np.log([0.7, 0.6]).mean(), rel=1e-5)
    assert float(sparse) == pytest.approx(float(one_hot), rel=1e-6)
    binary = CompiledLoss("CE")(np.array([[1], [0]]), np.array([[0.7], [0.4]], "float32"))
    assert float(binary) == pytest.approx(float(sparse), rel=1e-5)


def test_sample_weights_of_each_output_as_list_and_dict() -> None:
    weight = np.arange(8.0)
    model = two_outputs()
    a, b = prediction(model)
    for weights in ([weight, None], {"a": weight}, {"a": weight, "b": np.ones(8)}):
        total = float(model.compute_loss(X, [Y, Y2], model(X), weights))
        assert total == pytest.approx((mse(Y, a) * weight).mean() + mse(Y2, b).mean(), rel=1e-5)
    both = float(model.compute_loss(X, [Y, Y2], model(X), weight))
    assert both == pytest.approx(((mse(Y, a) + mse(Y2, b)) * weight).mean(), rel=1e-5)


@row("compile(sample_weight_mode)")
def test_temporal_weights_need_no_mode_and_the_mode_is_taken() -> None:
    x, y = STEPS[..., None], np.zeros((8, 4, 1), "float32")
    weight = np.tile(np.arange(4.0), (8, 1))
    expected = float((STEPS**2 * weight).mean())
    for settings in ({}, {"sample_weight_mode": None}, {"sample_weight_mode": "temporal"}):
        model = sequences(**settings)
        assert model.evaluate(x, y, sample_weight=weight, verbose=0) == pytest.approx(expected, rel=1e-5)
    with pytest.raises(ValueError, match=r"`sample_weight` of output 'steps'.*\(samples, steps\).*Received.*\(None,\)"):
        sequences(sample_weight_mode="temporal").fit(x, y, sample_weight=np.ones(8), verbose=0)


@pytest.mark.parametrize("samples", [4, 8])  # 4 samples of 4 steps: stock Keras takes one axis for the other
def test_a_weight_per_sample_covers_its_steps(samples: int) -> None:
    x, y = STEPS[:samples, :, None], np.zeros((samples, 4, 1), "float32")
    weight = np.arange(samples, dtype="float32")
    expected = float((STEPS[:samples] ** 2 * weight[:, None]).mean())
    model = sequences(weighted_metrics=["mse"])
    loss, _ = model.evaluate(x, y, sample_weight=weight, verbose=0)
    assert loss == pytest.approx(expected, rel=1e-5)

    def per_sample(y_true: Any, y_pred: Any) -> Any:
        return keras.ops.mean((y_true - y_pred) ** 2, axis=(1, 2))

    assert sequences(loss=per_sample).evaluate(x, y, sample_weight=weight, verbose=0) == pytest.approx(loss, rel=1e-5)


@row("compile#sample_weight_mode_per_output")
@pytest.mark.parametrize("mode", [["temporal", None], {"a": "temporal"}, {"a": "temporal", "b": None}])
def test_modes_of_each_output(mode: Any) -> None:
    def model(**settings: Any) -> Any:
        inputs = keras.Input((4, 1))
        steps = keras.layers.Dense(1, kernel_initializer="ones", name="a")(inputs)
        last = keras.layers.Dense(1, kernel_initializer="ones", name="b")(inputs[:, -1])
        made = engine.Model(inputs, [steps, last])
        made.compile("sgd", "mse", **settings)
        return made

    x, y = STEPS[..., None], [np.zeros((8, 4, 1)), np.zeros((8, 1))]
    weights = [np.tile(np.arange(4.0), (8, 1)), np.arange(8.0)]
    found = model(sample_weight_mode=mode).evaluate(x, y, sample_weight=weights, verbose=0, return_dict=True)
    assert found["a_loss"] == pytest.approx(float((STEPS**2 * weights[0]).mean()), rel=1e-5)
    assert found["b_loss"] == pytest.approx(float((STEPS[:, -1] ** 2 * weights[1]).mean()), rel=1e-5)


@row("compile#sample_weight_mode_invalid")
@pytest.mark.parametrize("mode", ["weekly", {"out": "weekly"}, ["temporal", "temporal"], {"aut": "temporal"}, 3])
def test_other_modes_are_refused(mode: Any) -> None:
    with pytest.raises(ValueError, match=r"`sample_weight_mode`.*Received: sample_weight_mode="):
        line(sample_weight_mode=mode)


def test_outputs_of_one_layer_and_of_subclassed_models_have_names_of_their_own() -> None:
    layer = keras.layers.Dense(2, name="out")
    inputs = keras.Input((3,))
    model = engine.Model(inputs, [layer(inputs), layer(inputs)])
    model.compile("sgd", "mse")
    assert list(results(model, [Y, Y2])) == ["loss", "out_loss", "out_1_loss"]

    class Twins(engine.Model):
        def __init__(self, keys: Any) -> None:
            super().__init__()
            self.dense, self.keys = keras.layers.Dense(2), keys

        def call(self, x: Any) -> Any:
            outputs = [self.dense(x), self.dense(x) * 2]
            return dict(zip(self.keys, outputs, strict=True)) if self.keys else outputs

    for keys, labels in ((None, ["output_1", "output_2"]), (["p", "q"], ["p", "q"])):
        twins = Twins(keys)
        twins.compile("sgd", "mse", metrics=["mae"], run_eagerly=True)
        y = dict(zip(keys, [Y, Y2], strict=True)) if keys else [Y, Y2]
        names = ["loss", *(f"{label}_loss" for label in labels), *(f"{label}_mae" for label in labels)]
        assert list(results(twins, y)) == names


def test_nested_outputs_take_nested_losses() -> None:
    outputs = {"p": [np.zeros((2, 1)), np.ones((2, 1))], "q": np.ones((2, 1))}
    y = {"p": (np.ones((2, 1)), np.full((2, 1), 3.0)), "q": np.full((2, 1), 6.0)}
    for loss in ({"p": ["mse", "mae"], "q": "mse"}, ["mse", "mae", "mse"]):
        compiled = CompiledLoss(loss, output_names=["one", "two", "three"])
        assert float(compiled(y, outputs)) == 1.0 + 2.0 + 25.0
        assert [mean.name for mean in compiled.metrics] == ["one_loss", "two_loss", "three_loss"]


def test_several_losses_of_one_output_are_summed() -> None:
    compiled = CompiledLoss(["mse", "mae"], [1.0, 0.5])
    assert float(compiled(np.full((2, 1), 3.0), np.zeros((2, 1)))) == 9.0 + 1.5


def test_mixed_precision_sums_in_full_precision() -> None:
    y_pred = keras.ops.cast(np.full((4, 1), 300.0), "float16")
    loss = CompiledLoss("mse")(np.zeros((4, 1)), y_pred)  # 90000 is beyond float16
    assert keras.backend.standardize_dtype(loss.dtype) == "float32"
    assert float(loss) == 90000.0
