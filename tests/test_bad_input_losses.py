"""Losses, metrics, targets and weights that cannot work: the error says what, where and what instead."""

from functools import partial
from typing import Any

import keras
import numpy as np
import pytest
import small_models
import tensorflow as tf
from small_models import X, Y, weights_of

from kerastui import engine
from kerastui.engine.training.compiled_loss import CompiledLoss
from kerastui.engine.training.compiled_metrics import CompiledMetrics
from kerastui.engine.training.nearest import nearest

# Eager steps, but where a graph may make the difference: tracing takes longer than these few batches.
line = partial(small_models.line, run_eagerly=True)
two_outputs = partial(small_models.two_outputs, run_eagerly=True)


def classifier(loss: Any = "sparse_categorical_crossentropy", units: int = 3) -> Any:
    model = engine.Sequential([keras.Input((3,)), keras.layers.Dense(units, "softmax", name="kinds")])
    model.compile("sgd", loss, metrics=["accuracy"], run_eagerly=True)
    return model


def test_nearest_finds_what_was_meant() -> None:
    assert nearest("mean_squred_error", ["hinge", "mean_squared_error"]) == ("mean_squared_error",)
    assert nearest("ADAN", ["sgd", "adam"]) == ("adam",)
    assert nearest("zzz", ["sgd", "adam"]) == ()


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"optimizer": "adan"}, r"`optimizer`: Keras has no 'adan'.*'adam'.*Received: optimizer='adan'"),
        ({"optimizer": keras.optimizers.SGD}, r"`optimizer`.*not the class: `SGD\(\)`.*Received: optimizer="),
        ({"optimizer": 0.1}, r"`optimizer`.*name of an optimizer.*Received: optimizer=0\.1"),
        ({"loss": "mean_squred_error"}, r"'mean_squared_error'.*Received: loss='mean_squred_error'"),
        ({"loss": {"out": "msee"}}, r"`loss`: Keras has no 'msee'.*'mse'.*Received: loss=\{'out': 'msee'\}"),
        ({"loss": [0.5]}, r"`loss` must be the name.*Received: loss=\[0\.5\]"),
        ({"metrics": ["acuracy"]}, r"Keras has no 'acuracy'.*'accuracy'.*Received: metrics=\['acuracy'\]"),
        ({"sample_weight_mode": "daily"}, r"None or \"temporal\".*Received: sample_weight_mode='daily'"),
    ],
)
def test_compile_refuses_unknown_names_and_leaves_the_model_as_it_was(settings: Any, message: str) -> None:
    model = line()
    before = model.get_compile_config()
    with pytest.raises(ValueError, match=message):
        model.compile(**({"optimizer": "sgd", "loss": "mse"} | settings))
    assert model.get_compile_config() == before
    assert model.evaluate(X, Y, verbose=0) > 0


def test_custom_objects_are_known() -> None:
    class Mine(keras.optimizers.SGD):  # type: ignore[misc]  # Keras ships no types
        pass

    with keras.saving.custom_object_scope({"Mine": Mine}):
        assert type(line(optimizer="Mine").optimizer) is Mine


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"loss": {"a": "mse", "c": "mse"}}, r"`loss` names an output.*'c'.*nearest first: '[ab]'"),
        ({"loss": ["mse"]}, r"`loss` has 1 entries, but there are 2 outputs: 'a', 'b'.*Received: loss=\['mse'\]"),
        ({"loss_weights": {"a": 1.0, "bb": 2.0}}, r"`loss_weights` names an output.*'bb'.*nearest first: 'b', 'a'"),
        ({"loss_weights": [1.0, 2.0, 3.0]}, r"`loss_weights` has 3 entries.*Received: loss_weights=\[1\.0"),
        ({"metrics": {"aa": "mae"}}, r"`metrics` names an output.*'aa'.*nearest first: 'a', 'b'.*metrics=\{'aa'"),
        ({"metrics": [["mae"], ["mae"], ["mae"]]}, r"`metrics` has 3 entries.*2 outputs.*Received: metrics="),
        ({"weighted_metrics": [["mae"]]}, r"`weighted_metrics` has 1 entries.*Received: weighted_metrics="),
    ],
)
def test_losses_and_metrics_that_do_not_fit_the_outputs(settings: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        two_outputs(**settings).fit(X, [Y, Y], verbose=0)


@pytest.mark.parametrize(
    ("y", "message"),
    [
        (Y, r"`y` must hold one target for each of the 2 outputs 'a', 'b'.*Received: a single array of shape \(8, 2\)"),
        ([Y], r"`y` has 1 entries.*Received: y=[\[(]array of shape \(8, 2\)"),
        ([Y, Y, Y], r"`y` has 3 entries.*2 outputs: 'a', 'b'"),
        ({"a": Y, "c": Y}, r"`y` names an output that the model does not have: 'c'"),
        ({"a": Y}, r"`y` must have a target for each output with a loss.*y without a target for 'b'"),
    ],
)
def test_targets_that_do_not_fit_the_outputs(y: Any, message: str) -> None:
    in_batches = tf.data.Dataset.from_tensors((X, tuple(y) if isinstance(y, list) else y))
    for data in ((X, y), (in_batches,)):
        model = two_outputs(metrics=["mae"])
        before = weights_of(model)
        with pytest.raises(ValueError, match=message):
            model.fit(*data, shuffle=False, verbose=0)
        assert weights_of(model) == before


def test_a_model_that_refused_data_trains_on_other_data() -> None:
    model = two_outputs(metrics=["mae"], run_eagerly=False)
    with pytest.raises(ValueError, match="`y` must have a target"):
        model.fit(tf.data.Dataset.from_tensors((X, {"a": Y})), shuffle=False, verbose=0)
    history = model.fit(X, [Y, Y], shuffle=False, verbose=0).history
    other = two_outputs(metrics=["mae"], run_eagerly=False)
    assert history == other.fit(X, [Y, Y], shuffle=False, verbose=0).history


def test_no_targets_for_a_loss() -> None:
    with pytest.raises(ValueError, match=r"`y` must have a target.*loss='mse'.*Received: y=None"):
        line().fit(X, verbose=0)


@pytest.mark.parametrize("label", [3, -1, 7.0])
@pytest.mark.parametrize(
    "loss", ["ce", "sparse_categorical_crossentropy", keras.losses.SparseCategoricalCrossentropy()]
)
def test_labels_out_of_range(label: float, loss: Any) -> None:
    model = classifier(loss)
    before = weights_of(model)
    y = np.array([0, 1, 2, label, 0, 1, 2, 0], dtype=type(label))
    message = r"`y` has a label out of range for output 'kinds', which has 3 classes.*0 to 2.*the label " + str(label)
    for call in (model.fit, model.evaluate):
        with pytest.raises(ValueError, match=message):
            call(X, tf.constant(y) if call is model.fit else y, verbose=0)
    assert weights_of(model) == before
    assert model.fit(X, np.clip(y, 0, 2), verbose=0).history["loss"][0] > 0


def test_a_class_that_the_loss_ignores_is_no_error() -> None:
    model = classifier(keras.losses.SparseCategoricalCrossentropy(ignore_class=255))
    y = np.array([0, 1, 2, 255, 0, 1, 2, 0])
    assert np.isfinite(model.fit(X, y, verbose=0).history["loss"][0])


@pytest.mark.parametrize(("shape", "hint"), [((8, 4), ""), ((8, 1), "sparse_cat"), ((8,), "sparse_cat")])
def test_one_hot_targets_of_another_width(shape: tuple[int, ...], hint: str) -> None:
    message = rf"`y` must have one row of 3 numbers per prediction for output 'kinds'.*{hint}.*Received: y of shape"
    with pytest.raises(ValueError, match=message):
        classifier("categorical_crossentropy").fit(X, np.ones(shape), verbose=0)


def test_what_keras_trains_is_not_refused() -> None:
    labels = np.arange(8) % 3
    for loss, y in (
        ("sparse_categorical_crossentropy", labels),
        ("sparse_categorical_crossentropy", labels[:, None].astype("float32")),
        ("ce", labels.astype("uint8")),
        ("categorical_crossentropy", np.eye(3)[labels]),
        ("mse", np.full((8, 3), 9)),
        (lambda y_true, y_pred: keras.ops.mean(y_pred, axis=-1), np.full((8, 5), -4)),
    ):
        model = classifier(loss)
        model.compile("sgd", loss, run_eagerly=True)
        assert np.isfinite(model.fit(X, y, verbose=0).history["loss"][0])
    assert two_outputs(loss=["mse", None]).evaluate(X, Y, verbose=0) == pytest.approx(line().evaluate(X, Y, verbose=0))


@pytest.mark.parametrize("weights", [[np.ones(8)] * 3, {"a": np.ones(8), "c": np.ones(8)}])
def test_sample_weights_that_do_not_fit_the_outputs(weights: Any) -> None:
    with pytest.raises(ValueError, match=r"`sample_weight` (has 3 entries|names an output).*Received: sample_weight="):
        CompiledLoss("mse", output_names=["a", "b"])([Y, Y], [Y, Y], weights)


def test_sample_weights_of_more_axes_than_the_loss() -> None:
    with pytest.raises(ValueError, match=r"`sample_weight` of output 'out'.*1 axes.*Received.*\(8, 8\)"):
        CompiledLoss("mse", output_names=["out"])(Y, Y, np.ones((8, 8)))


@pytest.mark.parametrize("metrics", [3, 0.5, b"mae"])
def test_metrics_of_another_kind(metrics: Any) -> None:
    with pytest.raises(ValueError, match=r"`metrics` must be a list or dict.*Received: metrics="):
        CompiledMetrics(metrics)


def test_one_object_for_two_outputs_that_cannot_be_copied() -> None:
    class Needy(keras.metrics.Mean):  # type: ignore[misc]  # Keras ships no types
        def __init__(self, needed: int) -> None:
            super().__init__(name="needy")

    with pytest.raises(ValueError, match=r"`metrics` has one object for several outputs.*needy"):
        CompiledMetrics([Needy(1)]).build([Y, Y], [Y, Y])
