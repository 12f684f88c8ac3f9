"""Callbacks under many steps a call: they hear, stop, save and write what they do under stock Keras."""

from __future__ import annotations

import csv
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import keras
import numpy as np
import pytest
import tensorflow as tf

from kerastui import engine
from kerastui.engine.training.control import TrainingControl
from kerastui.engine.training.plans.hearing import listener
from kerastui.engine.training.progress import ControlCallback, ProgressCallback

X = np.random.default_rng(0).normal(size=(50, 4)).astype("float32")
Y = X.sum(axis=1, keepdims=True)
BAD = X.copy()
BAD[23] = np.inf  # in batch 4 of ten
DATA = {"batch_size": 5, "shuffle": False}


class Ears(keras.callbacks.Callback):  # type: ignore[misc]  # Keras ships no types
    """Write down what is heard of batches."""

    def __init__(self) -> None:
        super().__init__()
        self.heard: list[Any] = []

    def on_train_batch_begin(self, batch: int, logs: Any = None) -> None:
        self.heard.append(("begin", batch))

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        self.heard.append(("end", batch, pytest.approx(logs["loss"], rel=1e-5)))

    def on_test_batch_end(self, batch: int, logs: Any = None) -> None:
        self.heard.append(("test", batch, pytest.approx(logs["loss"], rel=1e-5)))

    def on_predict_batch_end(self, batch: int, logs: Any = None) -> None:
        self.heard.append(("predict", batch, logs["outputs"].shape))


def made(home: Any = engine, **settings: Any) -> Any:
    keras.utils.set_random_seed(1)
    model = home.Sequential([keras.Input((4,)), keras.layers.Dense(3), keras.layers.Dense(1)])
    model.compile(keras.optimizers.Adam(0.01, use_ema=True), "mse", metrics=["mae"], **settings)
    return model


def compared(callbacks: Callable[[Any], list[Any]], x: Any = X, **settings: Any) -> tuple[Any, Any]:
    """Train stock Keras's model and ours, with callbacks made for each; give both, alike in weights and history."""
    models = []
    for home in (keras, engine):
        model = made(home, **settings)
        model.fit(x, Y, epochs=3, validation_data=(Y * X, Y), **DATA, callbacks=callbacks(home))
        models.append(model)
    stock, ours = models
    assert ours.execution_plan.startswith("many steps")
    assert ours.optimizer.iterations == stock.optimizer.iterations
    assert ours.stop_training == stock.stop_training
    assert list(ours.history.history) == list(stock.history.history)
    for name, values in stock.history.history.items():
        np.testing.assert_allclose(ours.history.history[name], values, rtol=1e-5, err_msg=name)
    for one, other in zip(ours.get_weights(), stock.get_weights(), strict=True):
        np.testing.assert_allclose(one, other, atol=1e-6)
    return stock, ours


def test_a_training_ends_at_the_batch_whose_loss_is_no_number(capsys: pytest.CaptureFixture[str]) -> None:
    _, ours = compared(lambda _: [keras.callbacks.TerminateOnNaN()], BAD)
    assert ours.optimizer.iterations == 5
    assert capsys.readouterr().out.count("Batch 4: Invalid loss, terminating training") == 2
    with pytest.raises(RuntimeError, match="at batch 0"):  # the weights are no numbers any more
        ours.fit(X, Y, verbose=0, **DATA, callbacks=[keras.callbacks.TerminateOnNaN(raise_error=True)])
    assert ours.optimizer.iterations == 6


@pytest.mark.parametrize("listening", [False, True])
def test_executions_of_several_steps_are_heard_as_under_keras(listening: bool) -> None:
    """Of 10 batches, with 4 in an execution: one that ends at number 11, as Keras counts; a bad loss ends it at 7."""
    ears = {home: Ears() for home in (keras, engine)}
    ends = keras.callbacks.TerminateOnNaN
    stock, ours = compared(
        lambda home: [ears[home]] if listening else [ends()], X if listening else BAD, steps_per_execution=4
    )
    if listening:
        for home, model in ((keras, stock), (engine, ours)):
            model.predict(X, batch_size=5, verbose=0, callbacks=[ears[home]])
        assert [kind for kind, *_ in ears[engine].heard[:3]] == ["begin", "end", "begin"]
        assert ears[engine].heard == ears[keras].heard
        assert ears[engine].heard[-1] == ("predict", 11, (10, 1))
    else:
        assert ours.optimizer.iterations == 8


def test_callbacks_of_keras_write_save_and_show_the_same(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    shown, folders = {}, {home: tmp_path / home.__name__ for home in (keras, engine)}

    def callbacks(home: Any) -> list[Any]:
        shown[home] = capsys.readouterr().out
        folder = folders[home]
        return [
            keras.callbacks.BackupAndRestore(str(folder / "backup"), delete_checkpoint=False),
            keras.callbacks.ModelCheckpoint(str(folder / "{epoch}.weights.h5"), save_weights_only=True),
            keras.callbacks.ModelCheckpoint(
                str(folder / "{epoch}-{batch}.weights.h5"), save_freq=7, save_weights_only=True
            ),
            keras.callbacks.LearningRateScheduler(lambda epoch, rate: rate * 0.5),
            keras.callbacks.ReduceLROnPlateau("loss", patience=0, min_delta=100.0, cooldown=0),
            keras.callbacks.EarlyStopping("loss", patience=1, min_delta=100.0, restore_best_weights=True),
            keras.callbacks.CSVLogger(str(folder / "log.csv")),
            keras.callbacks.SwapEMAWeights(swap_on_epoch=True),
        ]

    for folder in folders.values():
        folder.mkdir()
    compared(callbacks)
    stock, ours = folders.values()
    names = sorted(path.name for path in stock.glob("*.h5"))
    assert names == ["1-7.weights.h5", "1.weights.h5", "2-4.weights.h5", "2.weights.h5"]
    assert sorted(path.name for path in ours.glob("*.h5")) == names
    for name in names:
        for path, array in arrays(stock / name).items():
            np.testing.assert_allclose(arrays(ours / name)[path], array, atol=1e-6, err_msg=f"{name} {path}")
    for one, other in zip(rows(stock / "log.csv"), rows(ours / "log.csv"), strict=True):
        assert one == pytest.approx(other, rel=1e-5)
    assert (stock / "backup" / "training_metadata.json").read_bytes() == (
        ours / "backup" / "training_metadata.json"
    ).read_bytes()


def arrays(path: Path) -> dict[str, Any]:
    found: dict[str, Any] = {}
    with h5py.File(path) as file:
        file.visititems(lambda name, item: found.update({name: item[()]}) if isinstance(item, h5py.Dataset) else None)
    assert found
    return found


def rows(path: Path) -> list[dict[str, float]]:
    with path.open() as file:
        return [{name: float(value) for name, value in row.items()} for row in csv.DictReader(file)]


def test_the_progress_bar_counts_all_batches_and_shows_the_running_averages(capsys: pytest.CaptureFixture[str]) -> None:
    last = []
    for home in (keras, engine):
        model = made(home)
        model.fit(X, Y, epochs=2, verbose=1, **DATA)
        model.evaluate(X, Y, verbose=1, batch_size=5)
        model.predict(X, verbose=1, batch_size=5)
        shown = re.sub(r"\x1b\[[0-9;]*m|\x08|\d+[mu]?s(/step)?", "", capsys.readouterr().out)
        ends = [line.rsplit("\r", 1)[-1].rstrip() for line in shown.split("\n")]
        last.append([end for end in ends if end.startswith("10/10")])
    assert last[0] == last[1]
    assert len(last[1]) == 4


class Own(keras.callbacks.ModelCheckpoint):  # type: ignore[misc]
    """A checkpoint of the user's that wants to see each batch."""

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        """See it."""


class OwnAtEpochs(keras.callbacks.TensorBoard):  # type: ignore[misc]
    """A board of the user's with nothing of its own for batches."""

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        """Add to it."""


class OwnControl(ControlCallback):
    """A subclass of ours that did not say that it takes chunks."""

    def on_test_batch_end(self, batch: int, logs: Any = None) -> None:
        """See it."""


class OwnList(keras.callbacks.CallbackList):  # type: ignore[misc]
    """A list that hears itself."""

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        """Hear."""


def callback_of(name: str, folder: str) -> Any:
    makers: dict[str, Callable[[], Any]] = {
        "progress": lambda: ProgressCallback(TrainingControl(), print),
        "checkpoint": lambda: keras.callbacks.ModelCheckpoint("a.keras", save_freq=1),
        "backup": lambda: keras.callbacks.BackupAndRestore(folder, save_freq=3),
        "board": lambda: keras.callbacks.TensorBoard(folder, update_freq="batch"),
        "profiler": lambda: keras.callbacks.TensorBoard(folder, profile_batch=2),
        "own": lambda: Own("a.keras"),
        "own at epochs": lambda: OwnAtEpochs(folder),
        "own control": lambda: OwnControl(TrainingControl()),
        "lambda": lambda: keras.callbacks.LambdaCallback(on_train_batch_begin=print),
        "lambda at epochs": lambda: keras.callbacks.LambdaCallback(on_epoch_end=print),
        "remote": keras.callbacks.RemoteMonitor,
    }
    return makers[name]()


@pytest.mark.parametrize(
    ("name", "hears"),
    [
        ("progress", ""),
        ("checkpoint", "train"),
        ("backup", "train"),
        ("board", "train test"),
        ("profiler", "train test"),
        ("own", "train"),
        ("own at epochs", ""),
        ("own control", "test"),
        ("lambda", "train"),
        ("lambda at epochs", ""),
        ("remote", ""),
    ],
)
def test_only_who_wants_to_hear_of_each_batch_must(name: str, hears: str, tmp_path: Path) -> None:
    one = callback_of(name, str(tmp_path))
    everyone = keras.callbacks.CallbackList([one])
    assert " ".join(kind for kind in ("train", "test", "predict") if listener(kind, everyone) is one) == hears


def test_a_board_hears_where_a_writer_is_open_and_a_list_that_hears_counts(tmp_path: Path) -> None:
    board = keras.callbacks.CallbackList([keras.callbacks.TensorBoard(str(tmp_path))])
    assert listener("train", board) is None
    with tf.summary.create_file_writer(str(tmp_path)).as_default():
        assert listener("train", board) is not None
    own = OwnList([])
    assert listener("train", own) is own
    assert listener("test", own) is None
