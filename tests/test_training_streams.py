"""Steps over streams and slabs, many in one call, do what they do one at a time, and what stock Keras does."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import keras
import numpy as np
import pytest
import tensorflow as tf

from kerastui.engine import Input, Sequential
from kerastui.engine.training.data import hdf5, placing, slabs
from kerastui.engine.training.plans import budget, planning, streams

X = np.random.default_rng(0).normal(size=(82, 4)).astype("float32")
Y = (X.sum(axis=1, keepdims=True) > 0).astype("float32")
STREAM = "many steps at a time, over a stream"
SLABS = "many steps at a time, over slabs of the data, the next read meanwhile"


def made(home: Any = Sequential, **settings: Any) -> Any:
    keras.utils.set_random_seed(1)
    model = home([Input((4,)), keras.layers.Dense(3, "tanh"), keras.layers.Dense(1)], name="small")
    model.compile(keras.optimizers.SGD(0.05), "mse", metrics=["mae"], **settings)
    return model


@pytest.fixture(scope="module")
def ours() -> Any:
    return made(jit_compile=False)


@pytest.fixture(scope="module")
def stock() -> Any:
    return made(keras.Sequential, jit_compile=False)


@pytest.fixture(scope="module")
def start(stock: Any) -> Any:
    return stock.get_weights()


@pytest.fixture
def fitted(start: Any) -> Callable[..., Any]:
    """Fit from the same start; give the weights, the history and the warnings."""

    def fit(model: Any, *data: Any, **arguments: Any) -> tuple[Any, ...]:
        keras.utils.set_random_seed(2)
        model.set_weights(start)
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            history = model.fit(*data, verbose=0, **arguments).history
        said = [str(one.message)[:27] for one in caught if "shuffle=True" not in str(one.message)]
        return model.get_weights(), history, said

    return fit


def one_at_a_time() -> list[Any]:
    return [keras.callbacks.LambdaCallback(on_train_batch_end=lambda batch, logs: None)]


def batches() -> Any:
    """Give five batches of 16 rows and one of 2."""
    return tf.data.Dataset.from_tensor_slices((X, Y)).batch(16)


def uncounted() -> Any:
    """Give the same, of which nobody knows how many there are."""
    return batches().take_while(lambda x, y: True)


def assert_same(one: Any, other: Any) -> None:
    assert one[2] == other[2]
    assert one[1].keys() == other[1].keys()
    for name, values in other[1].items():
        np.testing.assert_allclose(one[1][name], values, rtol=1e-5, err_msg=name)
    for a, b in zip(one[0], other[0], strict=True):
        np.testing.assert_allclose(a, b, atol=1e-6)


CASES: dict[str, tuple[Callable[[], Any], dict[str, Any]]] = {
    "all of it": (batches, {"epochs": 2, "validation_data": batches().repeat(), "validation_steps": 3}),
    "endless": (lambda: batches().repeat(), {"epochs": 3, "steps_per_epoch": 3, "initial_epoch": 1}),
    "iterator kept over epochs": (batches, {"epochs": 2, "steps_per_epoch": 2}),
    "too short": (batches, {"epochs": 2, "steps_per_epoch": 4}),
    "too short, of unknown length": (uncounted, {"epochs": 2, "steps_per_epoch": 4}),
    "weighed": (batches, {"epochs": 2, "class_weight": {0: 2.0, 1: 0.5}}),
}


@pytest.mark.parametrize("name", CASES)
def test_a_stream_gives_what_stock_keras_gives(name: str, ours: Any, stock: Any, fitted: Any) -> None:
    data, arguments = CASES[name]
    one = fitted(ours, data(), **arguments)
    assert ours.execution_plan == STREAM
    assert_same(one, fitted(stock, data(), **arguments))


def test_a_stream_of_unknown_length_is_run_as_a_step_at_a_time(ours: Any, fitted: Any) -> None:
    before = int(ours.optimizer.iterations)
    one = fitted(ours, uncounted(), epochs=3)
    assert int(ours.optimizer.iterations) - before == 18
    assert_same(one, fitted(ours, uncounted(), epochs=3, callbacks=one_at_a_time()))


def test_several_steps_of_a_stream_are_one_execution() -> None:
    model, numbers = made(steps_per_execution=3), []
    heard = keras.callbacks.LambdaCallback(on_train_batch_end=lambda batch, logs: numbers.append(batch))
    model.fit(batches(), epochs=2, verbose=0, callbacks=[heard])
    assert model.execution_plan == STREAM
    assert numbers == [2, 5, 2, 5]  # as Keras counts: the last of an epoch as a whole one


class Counting(Sequential):
    """A model that knows how often its training step was traced."""

    traces = 0

    def train_step(self, data: Any) -> Any:
        """Train a batch."""
        self.traces += 1
        return super().train_step(data)


def test_a_stream_is_traced_once_for_batches_of_any_size() -> None:
    model = made(Counting)
    for size in (16, 7):
        model.fit(tf.data.Dataset.from_tensor_slices((X, Y)).batch(size), verbose=0)
        model.fit(batches().repeat(), steps_per_epoch=2, epochs=2, verbose=0)
    assert model.traces == 1


class StopsAfter(keras.callbacks.Callback):  # type: ignore[misc]  # Keras ships no types
    """End the training after a number of batches, of which it need not hear one by one."""

    takes_chunks = True

    def __init__(self, steps: int) -> None:
        super().__init__()
        self.steps_allowed = steps

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        """Count."""
        self.steps_allowed -= 1
        self.model.stop_training = batch + 1 >= 3


@pytest.mark.parametrize("data", [batches, lambda: batches().repeat()])
def test_a_stream_stops_in_the_middle(data: Any, ours: Any) -> None:
    before = int(ours.optimizer.iterations)
    ours.fit(data(), epochs=2, steps_per_epoch=4, verbose=0, callbacks=[StopsAfter(3)])
    assert int(ours.optimizer.iterations) - before == 3


def test_a_chunk_ends_when_its_time_is_up(monkeypatch: pytest.MonkeyPatch) -> None:
    def step(batch: Any) -> Any:
        return {"rows": tf.shape(batch[0])[0]}

    chunks = streams.StreamChunks(step, batches().element_spec, jit_compile=False)
    chunks.length.next = 100
    monkeypatch.setattr(streams, "SECONDS", 60.0)
    counts = [chunks(iter(batches()), 100)[1:]]
    monkeypatch.setattr(streams, "SECONDS", 0.0)
    counts.append(chunks(iter(batches()), 100)[1:])
    found, *counted = chunks(iter(batches()), 100, execution=3)
    assert counts == [(6, True), (1, False)]
    assert counted == [3, False]
    assert found["rows"].tolist() == [16, 16, 16]


def test_predictions_and_evaluation_of_a_stream(ours: Any) -> None:
    predictions = ours.predict(batches().map(lambda x, y: x), verbose=0)
    assert ours.execution_plan == STREAM
    np.testing.assert_allclose(predictions, np.asarray(ours(X)), atol=1e-6)
    several, whole = ours.evaluate(uncounted(), verbose=0), ours.evaluate(X, Y, batch_size=16, verbose=0)
    np.testing.assert_allclose(several, whole, rtol=1e-5)


def test_python_batches_pass_through_a_stream_too(ours: Any, fitted: Any) -> None:
    def generated() -> Any:
        return ((X[start : start + 16], Y[start : start + 16]) for start in (0, 16, 32, 48))

    one = fitted(ours, generated(), steps_per_epoch=2, epochs=2)
    assert ours.execution_plan == STREAM
    other = fitted(ours, generated(), steps_per_epoch=2, epochs=2, workers=0)
    assert ours.execution_plan == "a step at a time: the data are read in the thread that trains"
    assert_same(one, other)


@pytest.fixture
def scarce(monkeypatch: pytest.MonkeyPatch) -> None:
    """Leave room for two slabs of two batches."""
    monkeypatch.setattr(planning, "budget", lambda: 4 * 16 * 5 * 4)


@pytest.mark.parametrize("shuffle", [True, False, "batch"])
def test_slabs_of_arrays_have_the_order_of_arrays_on_the_device(
    shuffle: Any, ours: Any, fitted: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    arguments = {"epochs": 2, "batch_size": 16, "shuffle": shuffle, "validation_data": (X, Y)}
    at_once = fitted(ours, X, Y, **arguments, callbacks=one_at_a_time() if shuffle == "batch" else None)
    assert not ours.execution_plan.startswith(SLABS)
    monkeypatch.setattr(planning, "budget", lambda: 4 * 16 * 5 * 4)
    in_slabs = fitted(ours, X, Y, **arguments)
    assert ours.execution_plan == SLABS
    assert_same(in_slabs, at_once)


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Any:
    with h5py.File(tmp_path_factory.mktemp("hdf5") / "data.h5", "w") as opened:
        opened["x"], opened["y"] = X.astype("float64"), Y
        yield opened


@pytest.mark.usefixtures("scarce")
@pytest.mark.parametrize("shuffle", [True, False, "batch"])
def test_slabs_of_a_file_have_the_order_of_a_step_at_a_time(
    shuffle: Any, file: Any, ours: Any, fitted: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hdf5, "READ_AT_ONCE", 0)
    arguments = {"epochs": 2, "batch_size": 16, "shuffle": shuffle, "class_weight": {0: 2.0, 1: 0.5}}
    in_slabs = fitted(ours, file["x"], file["y"], **arguments)
    assert ours.execution_plan == SLABS
    one_by_one = fitted(ours, file["x"], file["y"], **arguments, callbacks=one_at_a_time())
    assert_same(in_slabs, one_by_one)


@pytest.mark.usefixtures("scarce")
def test_files_are_evaluated_and_predicted_in_slabs(file: Any, ours: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hdf5, "READ_AT_ONCE", 0)
    np.testing.assert_allclose(ours.predict(file["x"], batch_size=16, verbose=0), np.asarray(ours(X)), atol=1e-6)
    assert ours.execution_plan == SLABS
    found = ours.evaluate(file["x"], file["y"], batch_size=16, verbose=0)
    np.testing.assert_allclose(found, ours.evaluate(tf.constant(X), tf.constant(Y), verbose=0), rtol=1e-5)


@pytest.mark.usefixtures("scarce")
def test_a_training_over_slabs_stops_in_the_middle(ours: Any) -> None:
    before = int(ours.optimizer.iterations)
    ours.fit(X, Y, batch_size=16, epochs=2, verbose=0, callbacks=[StopsAfter(3)])
    assert int(ours.optimizer.iterations) - before == 3


@pytest.mark.parametrize("gap", [0, 1 << 16])
def test_rows_are_read_in_any_order(gap: int, file: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(slabs, "GAP", gap)
    monkeypatch.setattr(slabs, "READ", 100)  # three rows
    rows = np.random.default_rng(1).permutation(50)[:20]
    for part in (file["x"], X, X.astype("float64"), tf.constant(X), X > 0, hdf5.Hdf5Rows(file["x"], 0, 50)):
        expected = np.asarray(part) if not isinstance(part, h5py.Dataset) else part[:]
        for which in (rows, slice(7, 30)):
            taken = slabs.taken(part, which)
            assert taken.dtype in (tf.float32, tf.bool)
            np.testing.assert_array_equal(taken, expected[which].astype(taken.dtype.as_numpy_dtype))


class Rows:
    """Rows that know how many others are about."""

    about = most = 0

    def __init__(self, rows: Any) -> None:
        Rows.about += 1
        Rows.most = max(Rows.most, Rows.about)

    def __del__(self) -> None:
        Rows.about -= 1


def test_no_more_than_two_slabs_are_there() -> None:
    batches = []
    for _, count, whole in slabs.ahead(slabs.slabs(slabs.Order(50, 8), Rows, at_most=2)):
        _ = None
        batches.append((count, whole))
    assert batches == [(2, 2), (2, 2), (2, 2), (1, 0)]
    assert Rows.most <= 2


def memory(name: str) -> int:
    """Give a line of what Linux says of this process, in bytes."""
    status = Path("/proc/self/status").read_text()
    return int(status.split(f"{name}:")[1].split()[0]) * 1024


@pytest.mark.skipif(not Path("/proc/self/clear_refs").exists(), reason="only Linux tells")
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_an_array_is_copied_once(dtype: str) -> None:
    array = np.ones((64 << 20) // 4, dtype)
    Path("/proc/self/clear_refs").write_text("5")  # the peak begins anew
    before = memory("VmRSS")
    tensor = placing.placed(array)
    assert memory("VmHWM") - before < 1.25 * (64 << 20)
    assert tensor.dtype == tf.float32
    assert float(tensor[-1]) == 1.0


def test_the_budget_is_a_share_of_what_is_free(tmp_path: Path) -> None:
    meminfo, cgroup = tmp_path / "meminfo", tmp_path / "cgroup"
    assert budget.host_memory(meminfo, cgroup) == budget.UNKNOWN
    meminfo.write_text("MemTotal: 900 kB\nMemAvailable: 800 kB\n")
    assert budget.host_memory(meminfo, cgroup) == 800 * 1024
    cgroup.mkdir()
    for name, text in {"memory.max": "5000", "memory.current": "4000", "memory.stat": "anon 1\nfile 1500\n"}.items():
        (cgroup / name).write_text(text)
    assert budget.host_memory(meminfo, cgroup) == 2500
    (cgroup / "memory.max").write_text("max")
    assert budget.host_memory(meminfo, cgroup) == 800 * 1024
    assert budget.budget() > 0
    assert (budget.slab_room(100), budget.slab_room(1 << 40)) == (50, budget.SLAB)
