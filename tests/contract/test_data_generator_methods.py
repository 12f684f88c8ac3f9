"""Rows of the contract on `fit_generator`, `evaluate_generator` and `predict_generator`, but for their workers."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import keras
import numpy as np
import pytest
from watched import BATCH, Numbered, OldPieces, Pieces, Watched, X, Y, batches, line, trained

from kerastui.engine import Model

row = pytest.mark.row


def losses(**settings: Any) -> Any:
    """Train with `fit_generator`, on batches in order."""
    data = settings.pop("generator", None) or Pieces()
    return line().fit_generator(data, **{"verbose": 0, "shuffle": False, **settings}).history


@row("fit_generator")
def test_fit_generator_trains_as_fit_does() -> None:
    assert losses()["loss"] == line().fit(Pieces(), shuffle=False, verbose=0).history["loss"]


@row("fit_generator(generator)")
def test_fit_generator_takes_generators_and_sequences() -> None:
    expected = losses()["loss"]
    assert losses(generator=batches())["loss"] == expected
    assert losses(generator=OldPieces())["loss"] == expected


@row("fit_generator(steps_per_epoch)")
def test_fit_generator_ends_an_epoch_after_the_steps() -> None:
    model = Watched()
    model.fit_generator(batches(times=9), 2, epochs=2, verbose=0)
    assert model.firsts == [*X[:, 0].reshape(3, 4).tolist(), X[:4, 0].tolist()]


@row("fit_generator(epochs)")
def test_fit_generator_trains_that_many_epochs() -> None:
    assert len(losses(epochs=3)["loss"]) == 3


@row("fit_generator(initial_epoch)")
def test_fit_generator_counts_epochs_from_there() -> None:
    assert len(losses(epochs=3, initial_epoch=1)["loss"]) == 2


@row("fit_generator(verbose)")
def test_fit_generator_prints_unless_silent(capsys: pytest.CaptureFixture[str]) -> None:
    line().fit_generator(Pieces(), verbose=0)
    assert capsys.readouterr().out == ""
    line().fit_generator(Pieces())
    assert "3/3" in capsys.readouterr().out


class Counting(keras.callbacks.Callback):  # type: ignore[misc]  # Keras ships no types
    """Counts what ends."""

    def __init__(self) -> None:
        super().__init__()
        self.ended: list[str] = []

    def on_train_end(self, logs: Any = None) -> None:
        self.ended.append("train")

    def on_test_batch_end(self, batch: int, logs: Any = None) -> None:
        self.ended.append("test batch")

    def on_predict_batch_end(self, batch: int, logs: Any = None) -> None:
        self.ended.append("predict batch")


@row("fit_generator(callbacks)")
def test_fit_generator_calls_callbacks() -> None:
    callback = Counting()
    losses(callbacks=[callback])
    assert callback.ended == ["train"]


@row("fit_generator(validation_data)")
def test_fit_generator_validates_on_data_of_every_kind() -> None:
    expected = losses(validation_data=(X, Y))["val_loss"]
    for data in (Pieces(), batches(), (X, Y, np.ones(len(X)))):
        assert losses(validation_data=data)["val_loss"] == pytest.approx(expected)


@row("fit_generator(validation_steps)")
def test_fit_generator_validates_so_many_batches() -> None:
    callback = Counting()
    losses(validation_data=batches(times=9), validation_steps=2, callbacks=[callback])
    assert callback.ended == ["test batch", "test batch", "train"]


@row("fit_generator(validation_freq)")
def test_fit_generator_validates_every_so_many_epochs() -> None:
    assert len(losses(epochs=4, validation_data=(X, Y), validation_freq=2)["val_loss"]) == 2
    assert len(losses(epochs=4, validation_data=(X, Y), validation_freq=[1, 2, 4])["val_loss"]) == 3


@row("fit_generator(class_weight)")
def test_fit_generator_weighs_classes() -> None:
    classes = np.arange(len(X)) % 2
    pairs = [(X[start : start + BATCH], classes[start : start + BATCH]) for start in range(0, len(X), BATCH)]
    expected = trained(line(), X, classes, sample_weight=np.where(classes, 3.0, 1.0), batch_size=BATCH)
    model = line()
    model.fit_generator(iter(pairs), class_weight={0: 1.0, 1: 3.0}, verbose=0)
    assert np.allclose(model.get_weights()[0].ravel(), expected[0])


@row("fit_generator(shuffle)")
def test_fit_generator_shuffles_the_batches_of_a_sequence() -> None:
    keras.utils.set_random_seed(3)
    model = Watched()
    model.fit_generator(Numbered(), verbose=0)
    assert model.firsts != [[index] for index in range(6)]
    assert sorted(model.firsts) == [[index] for index in range(6)]


@row("fit_generator#shuffle_no_effect_with_steps")
def test_fit_generator_does_not_shuffle_if_steps_are_given() -> None:
    keras.utils.set_random_seed(3)
    model = Watched()
    model.fit_generator(Numbered(), steps_per_epoch=6, shuffle=True, verbose=0)
    assert model.firsts == [[index] for index in range(6)]


@row("fit_generator#invalid_yield")
@pytest.mark.parametrize("batch", ["text", 3.0, (), (X, Y, Y, Y), None])
def test_fit_generator_refuses_what_is_no_batch(batch: Any) -> None:
    with pytest.raises(ValueError, match="must give batches of the form"):
        line().fit_generator(iter([batch]), verbose=0)


@row("fit_generator#example")
def test_fit_generator_takes_dicts_by_name() -> None:
    one, two = keras.Input((3,), name="input_1"), keras.Input((3,), name="input_2")
    output = keras.layers.Dense(1, name="output")(keras.layers.concatenate([one, two]))
    model = Model([one, two], output)
    model.compile("sgd", "mse", run_eagerly=True)

    def lines() -> Iterator[Any]:
        while True:
            for x, y in batches():
                yield {"input_1": x, "input_2": 2 * x}, {"output": y}

    history = model.fit_generator(lines(), steps_per_epoch=3, epochs=5, verbose=0).history["loss"]
    assert history[-1] < history[0]


MEAN = pytest.approx(float(np.mean(Y**2)), rel=1e-5)


@row("evaluate_generator")
def test_evaluate_generator_gives_the_loss() -> None:
    assert line().evaluate_generator(Pieces()) == MEAN


@row("evaluate_generator(generator)")
def test_evaluate_generator_takes_generators_and_sequences() -> None:
    assert line().evaluate_generator(batches()) == MEAN
    assert line().evaluate_generator(OldPieces()) == MEAN


@row("evaluate_generator(steps)")
def test_evaluate_generator_takes_so_many_batches() -> None:
    assert line().evaluate_generator(batches(times=9), 3) == MEAN
    assert line().evaluate_generator(batches(times=9), steps=1) == pytest.approx(float(np.mean(Y[:4] ** 2)))


@row("evaluate_generator(callbacks)")
def test_evaluate_generator_calls_callbacks() -> None:
    callback = Counting()
    line().evaluate_generator(Pieces(), callbacks=[callback])
    assert callback.ended == ["test batch"] * 3


@row("evaluate_generator(verbose)")
def test_evaluate_generator_is_silent_unless_asked(capsys: pytest.CaptureFixture[str]) -> None:
    line().evaluate_generator(Pieces())
    assert capsys.readouterr().out == ""
    line().evaluate_generator(Pieces(), verbose=1)
    assert "3/3" in capsys.readouterr().out


@row("evaluate_generator#list_with_metrics")
def test_evaluate_generator_gives_a_list_if_there_are_metrics() -> None:
    loss, error = line(metrics=["mae"]).evaluate_generator(Pieces())
    assert (loss, error) == (MEAN, pytest.approx(float(np.mean(np.abs(Y))), rel=1e-5))


@row("predict_generator")
def test_predict_generator_predicts_as_predict_does() -> None:
    model = line()
    model.set_weights([np.ones((3, 1)), np.zeros(1)])
    assert np.allclose(model.predict_generator(Pieces()), Y)


@row("predict_generator(generator)")
def test_predict_generator_takes_generators_and_sequences() -> None:
    assert line().predict_generator(x for x, _ in batches()).shape == (12, 1)
    assert line().predict_generator(OldPieces()).shape == (12, 1)


@row("predict_generator(steps)")
def test_predict_generator_takes_so_many_batches() -> None:
    assert line().predict_generator(batches(times=9), 4).shape == (16, 1)


@row("predict_generator(callbacks)")
def test_predict_generator_calls_callbacks() -> None:
    callback = Counting()
    line().predict_generator(Pieces(), callbacks=[callback])
    assert callback.ended == ["predict batch"] * 3


@row("predict_generator(verbose)")
def test_predict_generator_is_silent_unless_asked(capsys: pytest.CaptureFixture[str]) -> None:
    line().predict_generator(Pieces())
    assert capsys.readouterr().out == ""
    line().predict_generator(Pieces(), verbose=1)
    assert "3/3" in capsys.readouterr().out
