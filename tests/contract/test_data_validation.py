"""Rows of the contract on validation data, steps, and data that is refused."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf
from watched import BATCH, Pieces, Watched, X, Y, batches, line

from kerastui.engine import Sequential

row = pytest.mark.row


def dataset() -> tf.data.Dataset:
    return tf.data.Dataset.from_tensor_slices((X, Y)).batch(BATCH)


class Counts(keras.callbacks.Callback):  # type: ignore[misc]  # Keras ships no types
    """Counts batches, and epochs that were validated."""

    def __init__(self) -> None:
        super().__init__()
        self.trained = self.tested = 0
        self.validated: list[int] = []

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        self.trained += 1

    def on_test_batch_end(self, batch: int, logs: Any = None) -> None:
        self.tested += 1

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        if any(name.startswith("val_") for name in logs or {}):
            self.validated.append(epoch + 1)


def counted(*args: Any, **settings: Any) -> Counts:
    callback = Counts()
    line().fit(*args, callbacks=[callback], **{"verbose": 0, "batch_size": BATCH, **settings})
    return callback


def validated(**settings: Any) -> list[float]:
    losses: list[float] = line().fit(X[:8], Y[:8], batch_size=8, verbose=0, **settings).history["val_loss"]
    return losses


@row("fit(validation_split)")
def test_the_last_samples_are_set_apart() -> None:
    model = Watched()
    firsts = model.fit_watched(X, Y, batch_size=12, validation_split=0.25, shuffle=True)
    assert sorted(firsts[0]) == X[:9, 0].tolist()
    assert firsts[1] == X[9:, 0].tolist()


@row("fit(validation_data)")
def test_validation_data_is_tested_and_not_trained() -> None:
    model = Watched()
    firsts = model.fit_watched(X[:8], Y[:8], batch_size=8, validation_data=(X[8:], Y[8:], np.ones(4)), shuffle=False)
    assert firsts == [X[:8, 0].tolist(), X[8:, 0].tolist()]
    assert model.batches[1][2].tolist() == [1] * 4


@row("fit#validation_data_overrides_split")
def test_validation_data_wins_over_the_split() -> None:
    firsts = Watched().fit_watched(X, Y, batch_size=12, validation_split=0.5, validation_data=(X[:1], Y[:1]))
    assert [len(batch) for batch in firsts] == [12, 1]


@pytest.mark.parametrize(
    "make",
    [
        pytest.param(lambda: (tf.constant(X), tf.constant(Y)), marks=row("fit#validation_data_tensors")),
        pytest.param(dataset, marks=row("fit#validation_data_dataset")),
        pytest.param(batches, marks=row("fit#validation_data_generator")),
        pytest.param(Pieces, marks=row("fit#validation_data_sequence")),
        pytest.param(lambda: [X, Y], marks=row("fit#validation_data_list")),
    ],
)
def test_validation_data_may_be_of_every_kind(make: Callable[[], Any]) -> None:
    assert validated(validation_data=make()) == pytest.approx(validated(validation_data=(X, Y)))


@row("fit#validation_split_dataset")
@pytest.mark.parametrize("make", [dataset, batches, Pieces])
def test_only_arrays_can_be_split(make: Callable[[], Any]) -> None:
    with pytest.raises(ValueError, match=r"`validation_split` needs arrays.*Received: validation_split=0.5"):
        line().fit(make(), validation_split=0.5, verbose=0)


@row("fit(validation_steps)")
def test_validation_takes_so_many_batches_of_a_dataset_from_the_start_each_time() -> None:
    model = Watched()
    firsts = model.fit_watched(X[:1], Y[:1], epochs=2, validation_data=dataset().repeat(), validation_steps=2)
    assert firsts == [[0.0], *X[:8, 0].reshape(2, 4).tolist()] * 2


@row("fit#validation_steps_arrays")
def test_validation_takes_so_many_batches_of_arrays() -> None:
    callback = counted(X, Y, epochs=2, validation_data=(X, Y), validation_steps=2)
    assert callback.tested == 4


@row("fit(validation_batch_size)")
def test_validation_has_a_batch_size_of_its_own() -> None:
    assert counted(X, Y, validation_data=(X, Y), validation_batch_size=2).tested == 6


@row("fit#validation_batch_size_default")
def test_validation_has_the_batch_size_of_training() -> None:
    assert counted(X, Y, validation_data=(X, Y)).tested == 3


@pytest.mark.parametrize(
    ("freq", "epochs"),
    [
        pytest.param(2, [2, 4], marks=row("fit(validation_freq)")),
        pytest.param([1, 2, 10], [1, 2], marks=row("fit#validation_freq_list")),
        pytest.param((1, 2, 10), [1, 2], marks=row("fit#validation_freq_tuple")),
        pytest.param({1, 2, 10}, [1, 2], marks=row("fit#validation_freq_set")),
    ],
)
def test_validation_comes_every_so_many_epochs_or_at_those_named(freq: Any, epochs: list[int]) -> None:
    callback = counted(X, Y, batch_size=12, epochs=4, validation_data=(X, Y), validation_freq=freq)
    assert callback.validated == epochs


@row("fit#validation_inference_mode")
def test_validation_runs_without_dropout() -> None:
    model = Sequential([keras.Input((3,)), keras.layers.Dropout(0.99, seed=1)])
    model.compile("sgd", "mse", run_eagerly=True)
    with pytest.warns(UserWarning, match="trainable weights"):
        losses = model.fit(X, X, validation_data=(X, X), verbose=0).history
    assert losses["loss"][0] > 0
    assert losses["val_loss"] == [0]


@row("fit(steps_per_epoch)")
def test_an_epoch_has_so_many_steps() -> None:
    for endless in (dataset().repeat(), batches(times=9)):
        assert counted(endless, batch_size=None, steps_per_epoch=2, epochs=2).trained == 4
    assert counted(Pieces(), batch_size=None, steps_per_epoch=2).trained == 2


@row("fit#steps_per_epoch_arrays")
def test_steps_share_the_samples_of_arrays() -> None:
    model = Watched()
    firsts = model.fit_watched(X, Y, steps_per_epoch=2, epochs=2, shuffle=False)
    assert firsts == X[:, 0].reshape(2, 6).tolist() * 2


class StopAfter(keras.callbacks.Callback):  # type: ignore[misc]  # Keras ships no types
    """Ends the training after some batches."""

    def __init__(self, batches: int) -> None:
        super().__init__()
        self.left = batches

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        self.left -= 1
        self.model.stop_training = self.left == 0


@row("fit#steps_per_epoch_minus1")
def test_minus_one_goes_on_for_ever() -> None:
    model = Watched()
    assert len(model.fit_watched(dataset().repeat(), steps_per_epoch=-1, callbacks=[StopAfter(20)])) == 20


@row("fit#steps_per_epoch_none_infinite")
def test_data_without_an_end_needs_steps() -> None:
    with pytest.raises(ValueError, match=r"`x` has no end, so `steps_per_epoch` or `steps` must say"):
        line().fit(dataset().repeat(), verbose=0)
    with pytest.raises(ValueError, match=r"`validation_data` has no end, so `validation_steps` must say"):
        line().fit(X, Y, validation_data=dataset().repeat(), verbose=0)


@row("fit#steps_per_epoch_too_many")
@pytest.mark.parametrize("make", [dataset, batches])
def test_training_is_interrupted_where_the_data_ends(make: Callable[[], Any]) -> None:
    model = Watched()
    with pytest.warns(UserWarning, match="ran out of data; interrupting training"):
        firsts = model.fit_watched(make(), steps_per_epoch=5)
    assert firsts == X[:, 0].reshape(3, 4).tolist()


@row("fit#y_with_dataset")
@pytest.mark.parametrize(("make", "kind"), [(dataset, "Dataset"), (batches, "generator"), (Pieces, "PyDataset")])
def test_targets_beside_data_that_brings_its_own_are_refused(make: Callable[[], Any], kind: str) -> None:
    with pytest.raises(ValueError, match=rf"`y` must not be given beside `x` as a .*{kind}"):
        line().fit(make(), Y, verbose=0)


@pytest.mark.parametrize(
    "method",
    [
        pytest.param("fit", marks=row("fit#sample_weight_dataset")),
        pytest.param("evaluate", marks=row("evaluate#sample_weight_dataset")),
    ],
)
@pytest.mark.parametrize("make", [dataset, batches, Pieces])
def test_weights_beside_data_that_brings_its_own_are_refused(method: str, make: Callable[[], Any]) -> None:
    with pytest.raises(ValueError, match=r"`sample_weight` must not be given beside `x`"):
        getattr(line(), method)(make(), sample_weight=np.ones(12), verbose=0)


@row("fit#shape_mismatch")
def test_inputs_of_another_shape_are_refused() -> None:
    model = line()
    before = model.get_weights()
    with pytest.raises(ValueError, match=r"expected|expects|incompatible"):
        model.fit(np.ones((4, 7)), Y[:4], verbose=0)
    assert all(np.array_equal(*pair) for pair in zip(model.get_weights(), before, strict=True))


@row("predict#shape_mismatch")
def test_predict_refuses_inputs_of_another_shape() -> None:
    with pytest.raises(ValueError, match=r"expected|expects|incompatible"):
        line().predict(np.ones((4, 7)), verbose=0)


@row("fit#cardinality")
def test_lengths_must_be_the_same_and_are_named() -> None:
    with pytest.raises(ValueError, match=r"Received lengths: x: 12, y: 5, sample_weight: 12$"):
        line().fit(X, Y[:5], sample_weight=np.ones(12), verbose=0)
    with pytest.raises(ValueError, match=r"validation_data\[0\]: 12, validation_data\[1\]: 3$"):
        line().fit(X, Y, validation_data=(X, Y[:3]), verbose=0)


@row("fit#empty")
@pytest.mark.parametrize(
    "make",
    [
        lambda: (X[:0], Y[:0]),
        lambda: ([],),
        lambda: (dataset().take(0),),
        lambda: (dataset().filter(lambda x, y: False),),
        lambda: (iter(()),),
        lambda: (type("None", (Pieces,), {"__len__": lambda self: 0})(),),
    ],
    ids=["arrays", "lists", "dataset", "filtered", "generator", "sequence"],
)
def test_data_without_samples_is_refused(make: Callable[[], Any]) -> None:
    with pytest.raises(ValueError, match=r"`x` must (hold|give) at least one"):
        line().fit(*make(), verbose=0)


@row("predict#stateful_multiple")
def test_a_stateful_model_takes_whole_batches_only() -> None:
    model = Sequential([keras.Input((2, 3), batch_size=4), keras.layers.SimpleRNN(1, stateful=True, name="memory")])
    assert model.predict(np.ones((8, 2, 3)), batch_size=4, verbose=0).shape == (8, 1)
    with pytest.raises(ValueError, match=r"'memory'.*multiple of 4 samples in `x`\. Received: 6 samples"):
        model.predict(np.ones((6, 2, 3)), batch_size=4, verbose=0)
