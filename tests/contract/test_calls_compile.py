"""The rows of `compile` that are about how it is called, and what it leaves behind."""

from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf
from small_models import X, Y, line

from kerastui import engine

row = pytest.mark.row


def first_loss(model: Any) -> float:
    return float(model.evaluate(X, Y, verbose=0))


def python_runs(model: Any) -> list[bool]:
    """Train, and tell for each run of the step's Python code whether it ran eagerly."""
    runs: list[bool] = []

    class Spy(type(model)):  # type: ignore[misc]  # the class of the model under test
        def train_step(self, data: Any) -> Any:
            runs.append(not tf.inside_function())
            return super().train_step(data)

    object.__setattr__(model, "__class__", Spy)
    model.fit(X, Y, batch_size=2, verbose=0)
    return runs


@row("compile")
def test_a_compiled_model_trains() -> None:
    model = line()
    assert model.compiled
    before = first_loss(model)
    model.fit(X, Y, epochs=3, verbose=0)
    assert first_loss(model) < before


@row("compile(optimizer)")
@pytest.mark.parametrize("optimizer", ["adam", keras.optimizers.Adam()])
def test_optimizer_by_name_or_object(optimizer: Any) -> None:
    assert isinstance(line(optimizer=optimizer).optimizer, keras.optimizers.Adam)


@row("compile#optimizer_default")
def test_the_default_optimizer_is_rmsprop() -> None:
    model = engine.Sequential([keras.layers.Dense(1)])
    model.compile(loss="mse")
    assert isinstance(model.optimizer, keras.optimizers.RMSprop)


@row("compile(target_tensors)")
def test_target_tensors_stand_in_for_y() -> None:
    model = line(target_tensors=tf.constant(Y))
    history = model.fit(X, epochs=2, shuffle=False, verbose=0).history
    assert history == line(keras).fit(X, Y, epochs=2, shuffle=False, verbose=0).history
    assert model.evaluate(X, verbose=0) == pytest.approx(model.evaluate(X, Y, verbose=0))


@row("compile#target_tensors_none")
def test_target_tensors_none_means_none() -> None:
    assert first_loss(line(target_tensors=None)) == first_loss(line())


@row("compile(**kwargs)")
def test_keywords_of_the_past_change_nothing() -> None:
    model = line(experimental_run_tf_function=False, fetches=[], cloning=True)
    assert first_loss(model) == first_loss(line())


@row("compile#unknown_kwarg")
def test_an_unknown_keyword_is_named() -> None:
    with pytest.raises(TypeError, match=r"'optimiser'.*optimizer.*Received: optimiser='sgd'"):
        line(optimiser="sgd")


@row("compile(distribute)")
def test_distribute_none_is_taken() -> None:
    assert first_loss(line(distribute=None)) == first_loss(line())


@row("compile#distribute_rejected")
def test_a_strategy_is_refused_with_what_to_do() -> None:
    with pytest.raises(ValueError, match=r"`distribute`.*strategy\.scope\(\)"):
        line(distribute=tf.distribute.OneDeviceStrategy("cpu:0"))


@row("compile(run_eagerly)")
def test_run_eagerly_runs_every_step_as_python() -> None:
    assert python_runs(line(run_eagerly=True)) == [True] * 4
    assert True not in python_runs(line(run_eagerly=False))


@row("compile#run_eagerly_none")
def test_run_eagerly_none_is_a_graph() -> None:
    model = line(run_eagerly=None)
    assert model.run_eagerly is False
    assert True not in python_runs(model)


@row("run_eagerly")
def test_run_eagerly_is_off_unless_set() -> None:
    model = line()
    assert model.run_eagerly is False
    model.run_eagerly = True
    assert model.run_eagerly is True


@row("run_eagerly#effective_when_set")
def test_run_eagerly_set_before_the_first_fit() -> None:
    model = line()
    model.run_eagerly = True
    assert python_runs(model) == [True] * 4


@row("run_eagerly#set_after_fit")
def test_run_eagerly_set_after_a_fit() -> None:
    model = line()
    model.fit(X, Y, verbose=0)
    model.run_eagerly = True
    assert python_runs(model) == [True] * 4


class Ends(keras.callbacks.Callback):  # type: ignore[misc]  # Keras ships no types
    """The batches that `on_train_batch_end` tells of."""

    def __init__(self) -> None:
        super().__init__()
        self.batches: list[int] = []

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        self.batches.append(batch)


def ends(**settings: Any) -> tuple[list[int], list[float]]:
    """Batches told of, and losses, of two epochs with four batches each."""
    model, seen = line(**settings), Ends()
    history = model.fit(X, Y, batch_size=2, epochs=2, shuffle=False, verbose=0, callbacks=[seen])
    return seen.batches, history.history["loss"]


@row("compile(steps_per_execution)")
def test_callbacks_hear_of_every_execution() -> None:
    batches, losses = ends(steps_per_execution=2)
    assert batches == [1, 3, 1, 3]
    assert losses == pytest.approx(ends()[1])


@row("compile#steps_per_execution_none")
def test_steps_per_execution_none_is_one() -> None:
    assert ends(steps_per_execution=None) == ends()


@row("compile#steps_per_execution_truncated")
def test_an_execution_longer_than_the_epoch_is_cut() -> None:
    batches, losses = ends(steps_per_execution=100)
    assert len(batches) == 2
    assert losses == pytest.approx(ends()[1])


@row("compile(jit_compile)")
@pytest.mark.filterwarnings("ignore:.*XLA.*")
def test_jit_compile_gives_the_same_numbers() -> None:
    model = line(jit_compile=True)
    assert model.jit_compile is True
    losses = [
        trained.fit(X, Y, shuffle=False, verbose=0).history["loss"] for trained in (model, line(jit_compile=False))
    ]
    assert losses[0] == pytest.approx(losses[1], rel=1e-5)


@row("jit_compile")
def test_jit_compile_can_be_read_and_set() -> None:
    model = line()
    model.fit(X, Y, verbose=0)
    before = model.train_function
    model.jit_compile = True
    assert model.jit_compile is True
    assert model.train_function is None
    assert before is not None


@row("compile#jit_compile_auto")
def test_auto_asks_for_an_accelerator_and_the_model() -> None:
    gpus = [device for device in tf.config.list_physical_devices() if device.device_type != "CPU"]
    assert line(jit_compile="auto").jit_compile is bool(gpus)
    model = engine.Sequential([keras.Input((3,)), keras.layers.Dense(1)])
    model.layers[0].supports_jit = False
    model.compile("sgd", "mse", jit_compile="auto")
    assert model.jit_compile is False


@row("compile#jit_compile_none")
def test_jit_compile_none_is_off() -> None:
    assert line(jit_compile=None).jit_compile is False


@row("compile#jit_with_run_eagerly")
def test_eager_steps_win_over_xla() -> None:
    with pytest.warns(UserWarning, match="jit_compile"):
        model = line(jit_compile=True, run_eagerly=True)
    assert model.jit_compile is False
    assert python_runs(model) == [True] * 4


@row("compile(pss_evaluation_shards)")
def test_shards_of_a_parameter_server_are_taken() -> None:
    assert first_loss(line(pss_evaluation_shards=2)) == first_loss(line())


@row("compile#pss_evaluation_shards_auto")
def test_automatic_shards_are_taken() -> None:
    assert first_loss(line(pss_evaluation_shards="auto")) == first_loss(line())


def half_precision(**settings: Any) -> Any:
    inputs = keras.Input((3,))
    policy = keras.DTypePolicy("mixed_float16")
    model = engine.Model(inputs, keras.layers.Dense(2, dtype=policy)(inputs))
    model.dtype_policy = policy
    model.compile("sgd", "mse", **settings)
    return model


@row("compile(auto_scale_loss)")
def test_the_loss_is_not_scaled_if_not_wanted() -> None:
    assert isinstance(half_precision(auto_scale_loss=False).optimizer, keras.optimizers.SGD)


@row("compile#auto_scale_loss_default")
def test_half_precision_scales_the_loss() -> None:
    optimizer = half_precision().optimizer
    assert isinstance(optimizer, keras.optimizers.LossScaleOptimizer)
    assert isinstance(optimizer.inner_optimizer, keras.optimizers.SGD)


@row("compile#positional_metrics_third")
def test_metrics_in_third_place() -> None:
    inputs = keras.Input((3,))
    model = engine.Model(inputs, keras.layers.Dense(2)(inputs))
    model.compile("sgd", "mse", ["mae"])
    assert list(model.evaluate(X, Y, verbose=0, return_dict=True)) == ["loss", "mae"]


@row("compile#positional_loss_weights_third")
def test_loss_weights_in_third_place() -> None:
    model = line()
    once = first_loss(model)
    model.compile("sgd", "mse", [2.0])
    assert first_loss(model) == pytest.approx(2 * once)


@row("compile#clears_function_cache")
def test_compile_drops_the_functions_made_before() -> None:
    model = line()
    model.fit(X, Y, validation_data=(X, Y), verbose=0)
    model.predict(X, verbose=0)
    made = [model.train_function, model.test_function, model.predict_function]
    assert None not in made
    model.compile("sgd", "mae")
    assert [model.train_function, model.test_function, model.predict_function] == [None] * 3
    assert first_loss(model) == pytest.approx(float(np.abs(model.predict(X, verbose=0) - Y).mean()), rel=1e-5)


@row("get_compile_config")
def test_the_configuration_can_be_written_and_read() -> None:
    settings = {"optimizer": keras.optimizers.SGD(0.1), "loss": {"out": "mse"}, "metrics": ["mae"]}
    assert line(**settings).get_compile_config() == line(keras, **settings).get_compile_config()
    inputs = keras.Input((3,))
    assert engine.Model(inputs, keras.layers.Dense(1)(inputs)).get_compile_config() == {}


@row("compile_from_config")
def test_a_model_compiled_from_a_configuration_trains_alike() -> None:
    model = line(metrics=["mae"], loss_weights=[0.5])
    twin = line(optimizer="adam", loss="mae")
    twin.compile_from_config(model.get_compile_config())
    assert twin.optimizer.variables
    assert twin.fit(X, Y, shuffle=False, verbose=0).history == model.fit(X, Y, shuffle=False, verbose=0).history


@row("compile_from_config(config)")
def test_a_compile_of_ones_own_is_not_called_behind_its_back() -> None:
    class Own(engine.Model):
        def compile(self, rate: float) -> None:
            super().compile(keras.optimizers.SGD(rate), "mse")

    inputs = keras.Input((3,))
    model = Own(inputs, keras.layers.Dense(1)(inputs))
    with pytest.warns(UserWarning, match="compile"):
        model.compile_from_config({"rate": 0.1})
    assert not model.compiled
    twin = line()
    twin.compile_from_config({"optimizer": "adam", "loss": "mae"})
    assert isinstance(twin.optimizer, keras.optimizers.Adam)


@row("distribute_strategy")
def test_the_strategy_is_that_of_the_scope() -> None:
    assert line().distribute_strategy is tf.distribute.get_strategy()
    strategy = tf.distribute.OneDeviceStrategy("cpu:0")
    with strategy.scope():
        model = line()
    assert model.distribute_strategy is strategy


@row("distribute_reduction_method")
def test_the_reduction_is_automatic_unless_set() -> None:
    model = line()
    assert model.distribute_reduction_method == "auto"
    model.distribute_reduction_method = "sum"
    assert model.distribute_reduction_method == "sum"
