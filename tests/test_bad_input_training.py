"""A training that cannot be, or is broken off: what is said, and that the model stays what it was."""

import signal
from typing import Any

import keras
import numpy as np
import pytest
from small_models import X, Y, line, two_outputs, weights_of

from kerastui import engine


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"x": X.reshape(4, 2, 3)}, r"`x` does not fit the input '.+' of the model '.+': expected.*\(4, 2, 3\)"),
        ({"x": X[:, :2]}, r"`x` does not fit the input.*expected the shape \('samples', 3\).*\(8, 2\)"),
        ({"x": [X, X]}, r"expects 1 .*received 2"),
        ({"x": {"other": X}}, r"\['other'\].*Expected the following keys"),
        ({"y": Y[:, :1].repeat(5, axis=1)}, r"`y` does not fit output 'out': expected the shape \('samples', 2\)"),
        ({"y": Y.reshape(8, 2, 1).repeat(3, axis=2)}, r"`y` does not fit output 'out'.*\(8, 2, 3\)"),
        ({"y": None}, r"`y` must have a target"),
        ({"validation_data": (X[:, :2], Y)}, r"`validation_data` does not fit the input"),
        ({"validation_data": (X, Y[:3])}, r"validation_data\[1\]: 3"),
        ({"validation_freq": 0}, r"Received: validation_freq=0"),
        ({"validation_split": 1.5}, r"Received: validation_split=1.5"),
        ({"batch_size": 0}, r"Received: batch_size=0"),
        ({"epochs": -1}, r"Received: epochs=-1"),
        ({"epochs": "3"}, r"Received: epochs='3'"),
        ({"initial_epoch": 0.5}, r"Received: initial_epoch=0.5"),
        ({"callbacks": "history"}, r"`callbacks` must hold.*Received: 'history'"),
        ({"shuffle": "rows"}, r"Received: shuffle='rows'"),
        ({"sample_weight": np.ones(3)}, r"sample_weight: 3"),
    ],
)
def test_what_cannot_be_trained_is_refused_by_name(settings: dict[str, Any], message: str) -> None:
    model = line()
    before = weights_of(model)
    with pytest.raises(ValueError, match=message):
        model.fit(**({"x": X, "y": Y, "verbose": 0} | settings))
    assert weights_of(model) == before
    assert model.fit(X, Y, verbose=0).history["loss"][0] == pytest.approx(
        line(keras).fit(X, Y, verbose=0, shuffle=False).history["loss"][0]
    )


@pytest.mark.parametrize("method", ["evaluate", "predict", "train_on_batch", "test_on_batch", "predict_on_batch"])
def test_other_methods_refuse_it_too(method: str) -> None:
    model = line()
    arguments = (X[:, :2],) if method.startswith("predict") else (X[:, :2], Y)
    with pytest.raises(ValueError, match="`x` does not fit the input"):
        getattr(model, method)(*arguments)


def test_several_outputs_want_several_targets() -> None:
    model = two_outputs()
    for y, message in ((Y, "'a', 'b'"), ([Y], "1"), ({"a": Y, "c": Y}, "'c'")):
        with pytest.raises(ValueError, match=message):
            model.fit(X, y, verbose=0)


@pytest.mark.parametrize("shape", [(8, 2), (8, 2, 1), (8, 1)])
def test_targets_that_keras_takes_are_taken(shape: tuple[int, ...]) -> None:
    y = np.ones(shape, "float32")
    losses = [line(home).fit(X, y, verbose=0, shuffle=False).history["loss"] for home in (engine, keras)]
    assert losses[0] == losses[1]


class Fails(keras.callbacks.Callback):  # type: ignore[misc]  # Keras ships no types
    """Do something bad at the end of the second batch."""

    def __init__(self, deed: Any) -> None:
        super().__init__()
        self._deed = deed

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        if batch == 1:
            self._deed()


def fail() -> None:
    raise LookupError("the disk is gone")


def after_two_batches() -> list[bytes]:
    model = line()
    model.fit(X[:4], Y[:4], batch_size=2, shuffle=False, verbose=0)
    return weights_of(model)


@pytest.mark.parametrize(
    ("deed", "error"), [(fail, LookupError), (lambda: signal.raise_signal(signal.SIGINT), KeyboardInterrupt)]
)
@pytest.mark.usefixtures("ctrl_c_interrupts")
def test_a_training_broken_off_leaves_the_batches_done_and_a_model_that_trains(
    deed: Any, error: type[BaseException]
) -> None:
    model = line()
    with pytest.raises(error):
        model.fit(
            X, Y, batch_size=2, shuffle=False, verbose=0, validation_data=(X, Y), callbacks=[Fails(deed)], epochs=3
        )
    assert weights_of(model) == after_two_batches()
    assert np.isfinite(model.evaluate(X, Y, verbose=0))
    assert len(model.fit(X, Y, epochs=2, verbose=0).history["loss"]) == 2


def test_a_stream_with_nothing_left_ends_the_training_with_a_warning() -> None:
    model = line()
    with pytest.warns(UserWarning, match="ran out of data"):
        history = model.fit(iter([(X, Y)]), epochs=3, verbose=0)
    assert len(history.history["loss"]) == 1
    with pytest.raises(ValueError, match=r"`x` must (hold|give) at least one batch"):
        model.fit(iter([]), verbose=0)


def test_a_dict_of_inputs_goes_by_its_keys_as_in_keras() -> None:
    inputs = {"a": keras.Input((3,), name="a"), "b": keras.Input((2,), name="b")}
    model = engine.Model(inputs, keras.layers.Concatenate()([inputs["a"], inputs["b"]]))
    assert model.predict({"b": Y, "a": X}, verbose=0).shape == (8, 5)
    with pytest.raises(ValueError, match=r"the input 'b' of the model"):
        model.predict({"a": X, "b": X}, verbose=0)
