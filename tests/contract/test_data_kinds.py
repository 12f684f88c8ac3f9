"""Rows of the contract on the kinds of data that `fit`, `evaluate`, `predict` and `*_on_batch` take."""

from __future__ import annotations

from collections import namedtuple
from collections.abc import Callable
from itertools import chain
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pandas as pd
import pytest
import tensorflow as tf
from watched import BATCH, OldPieces, Pieces, Watched, X, Y, batches, line, stock_line, trained, two_in_two_out

from kerastui.engine.training.data.creator import DatasetCreator

row = pytest.mark.row


def dataset(**weights: Any) -> tf.data.Dataset:
    return tf.data.Dataset.from_tensor_slices((X, Y, *weights.values())).batch(BATCH)


@pytest.fixture(scope="module")
def expected() -> list[list[float]]:
    """What Keras's own model has learned from arrays."""
    return trained(stock_line(), X, Y, batch_size=BATCH)


@pytest.mark.parametrize(
    ("x", "y"),
    [
        pytest.param(X, Y, marks=row("fit(x)")),
        pytest.param(X, Y[:, 0], marks=row("fit(y)")),
        pytest.param(X.tolist(), Y.tolist(), marks=row("fit#x_array_like")),
        pytest.param(tf.constant(X), tf.constant(Y), marks=row("fit#x_tensor")),
        pytest.param(X, tf.constant(Y), marks=row("fit#x_numpy_y_tensor_mixed")),
        pytest.param(pd.DataFrame(X), pd.Series(Y[:, 0]), id="pandas"),
        pytest.param(pd.DataFrame(X), Y, id="pandas and numpy"),
        pytest.param(pd.DataFrame(X, dtype="Float64"), Y.astype("float64"), id="nullable columns"),
    ],
)
def test_fit_learns_the_same_from_arrays_of_every_kind(x: Any, y: Any, expected: Any) -> None:
    assert np.allclose(trained(line(), x, y, batch_size=BATCH)[0], expected[0])


def in_batches() -> list[Any]:
    return list(batches())


@pytest.mark.parametrize(
    "make",
    [
        pytest.param(dataset, marks=row("fit#x_dataset")),
        pytest.param(batches, marks=row("fit#x_generator_finite")),
        pytest.param(lambda: iter(in_batches()), marks=row("fit#x_iterator")),
        pytest.param(OldPieces, marks=row("fit#x_sequence")),
        pytest.param(Pieces, marks=row("fit#x_pydataset")),
        pytest.param(lambda: DatasetCreator(lambda context: dataset()), marks=row("fit#x_dataset_creator")),
        pytest.param(lambda: ([x, y] for x, y in batches()), marks=row("fit#list_yield")),
    ],
)
def test_fit_learns_the_same_from_batches_of_every_kind(make: Callable[[], Any], expected: Any) -> None:
    assert np.allclose(trained(line(), make())[0], expected[0])


@row("fit#x_generator")
def test_a_generator_goes_on_where_the_epoch_before_stopped() -> None:
    model = Watched()
    assert model.fit_watched(batches(times=9), steps_per_epoch=2, epochs=3) == X[:, 0].reshape(3, 4).tolist() * 2


def test_a_dataset_creator_is_asked_with_the_context_of_the_strategy() -> None:
    seen: list[Any] = []

    def make(context: Any) -> tf.data.Dataset:
        seen.append(context)
        return dataset().repeat()

    line().fit(DatasetCreator(make), steps_per_epoch=2, verbose=0)
    assert [context.num_input_pipelines for context in seen] == [1]


@row("fit#x_list")
def test_a_list_of_arrays_is_one_for_each_input() -> None:
    model = two_in_two_out()
    with_lists = trained(model, [X, 2 * X], [Y, 3 * Y], batch_size=BATCH)
    assert with_lists == trained(two_in_two_out(), (X, 2 * X), (Y, 3 * Y), batch_size=BATCH)
    assert not np.allclose(with_lists[0], with_lists[2])


@row("fit#x_dict")
def test_a_dict_goes_by_the_names_of_the_inputs() -> None:
    expected = trained(two_in_two_out(), [X, 2 * X], [Y, Y], batch_size=BATCH)
    assert trained(two_in_two_out(), {"b": 2 * X, "a": X}, [Y, Y], batch_size=BATCH) == expected


@row("fit#y_dict")
def test_a_dict_of_targets_goes_by_the_names_of_the_outputs() -> None:
    expected = trained(two_in_two_out(), [X, X], [Y, 3 * Y], batch_size=BATCH)
    assert trained(two_in_two_out(), [X, X], {"q": 3 * Y, "p": Y}, batch_size=BATCH) == expected


@row("fit#x_hdf5")
@pytest.mark.parametrize("at_once", [True, False], ids=["in memory", "from the file"])
@pytest.mark.parametrize("shuffle", [False, True, "batch"])
def test_hdf5_data_is_read_whole_or_in_slices(
    at_once: bool, shuffle: bool | str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if not at_once:
        monkeypatch.setattr("kerastui.engine.training.data.hdf5.READ_AT_ONCE", 0)
    with h5py.File(tmp_path / "data.h5", "w") as file:
        model = Watched()
        firsts = model.fit_watched(file.create_dataset("x", data=X), Y, batch_size=5, shuffle=shuffle, epochs=2)
    assert all(np.allclose(x.sum(axis=1, keepdims=True), y) for x, y, _ in model.batches)
    for epoch in (firsts[:3], firsts[3:]):
        assert sorted(chain.from_iterable(epoch)) == X[:, 0].tolist()
        assert shuffle is True or all(batch == sorted(batch) for batch in epoch)


@row("fit#batch_size_with_dataset")
def test_batch_size_means_nothing_for_data_in_batches() -> None:
    assert [len(batch) for batch in Watched().fit_watched(dataset(), batch_size=2)] == [4, 4, 4]
    assert [len(batch) for batch in Watched().fit_watched(batches(), batch_size=2)] == [4, 4, 4]


@row("fit#tuple_lengths")
@pytest.mark.parametrize("length", [1, 2, 3])
def test_tuples_of_one_to_three_are_inputs_targets_and_weights(length: int) -> None:
    whole = (X[:2], Y[:2], np.ones(2, "float32"))[:length]
    for source in (iter([whole]), tf.data.Dataset.from_tensors(whole)):
        model = Watched()
        model.fit_watched(source)
        given = [part is not None for part in model.batches[0]]
        assert given == [True, length > 1, length > 2]
        assert model.batches[0][0].tolist() == X[:2].tolist()


@row("fit#tuple_length_4")
def test_longer_tuples_are_refused() -> None:
    whole = (X[:2],) * 4
    for source in (iter([whole]), tf.data.Dataset.from_tensors(whole)):
        with pytest.raises(ValueError, match="length 4"):
            line().fit(source, verbose=0)


@row("fit#dict_yield_is_x")
def test_a_dict_is_all_inputs_and_a_tuple_splits() -> None:
    inputs = {"a": X[:2], "b": X[2:4]}
    for source in (iter([inputs]), tf.data.Dataset.from_tensors(inputs)):
        model = Watched()
        model.fit(source, verbose=0)
        assert sorted(model.batches[0][0]) == ["a", "b"]
        assert model.batches[0][1] is None
    model = Watched()
    model.fit(iter([(inputs, Y[:2])]), verbose=0)
    assert model.batches[0][0]["b"].tolist() == X[2:4].tolist()
    assert model.batches[0][1].tolist() == Y[:2].tolist()


Point = namedtuple("Point", ["x", "y"])


@row("fit#namedtuple")
def test_a_dataset_of_namedtuples_is_refused() -> None:
    with pytest.raises(ValueError, match=r"namedtuple.*Point with the fields x, y"):
        line().fit(dataset().map(Point), verbose=0)


@row("fit#namedtuple_generator")
@pytest.mark.parametrize("workers", [0, 1])
def test_a_generator_of_namedtuples_is_refused_when_it_yields_one(workers: int) -> None:
    with pytest.raises(ValueError, match=r"namedtuple.*Point with the fields x, y"):
        line().fit((Point(*batch) for batch in batches()), workers=workers, verbose=0)
    late = [*batches(), *batches(), Point(X[:4], Y[:4])]
    with pytest.raises(ValueError, match="namedtuple"):
        line().fit(iter(late), workers=workers, verbose=0)


@pytest.mark.parametrize(
    ("args", "settings"),
    [
        pytest.param((X, Y), {"batch_size": 4}, marks=row("evaluate(x)")),
        pytest.param((X.tolist(), tf.constant(Y)), {}, marks=row("evaluate(y)")),
        pytest.param((X, Y), {"steps": 3}, marks=row("evaluate#steps_arrays")),
        pytest.param((Pieces(),), {}, marks=row("evaluate#x_sequence")),
        pytest.param((dataset(),), {}, id="dataset"),
        pytest.param((pd.DataFrame(X), pd.Series(Y[:, 0])), {}, id="pandas"),
    ],
)
def test_evaluate_takes_data_of_every_kind(args: Any, settings: Any) -> None:
    assert line().evaluate(*args, verbose=0, **settings) == pytest.approx(float(np.mean(Y**2)), rel=1e-5)


@row("evaluate#x_generator")
def test_evaluate_takes_a_generator_with_steps() -> None:
    assert line().evaluate(batches(times=2), steps=3, verbose=0) == pytest.approx(float(np.mean(Y**2)), rel=1e-5)


@row("evaluate(steps)")
def test_evaluate_takes_as_many_batches_as_asked() -> None:
    for source in (dataset().repeat(), Pieces(), batches(times=9)):
        model = Watched()
        model.evaluate(source, steps=2, verbose=0)
        assert model.firsts == X[:8, 0].reshape(2, 4).tolist()


@row("predict(x)")
def test_predict_takes_arrays_of_every_kind() -> None:
    model = line()
    model.set_weights([np.ones((3, 1)), np.zeros(1)])
    for x in (X, X.tolist(), tf.constant(X), pd.DataFrame(X), tf.data.Dataset.from_tensor_slices(X).batch(5)):
        assert np.allclose(model.predict(x, verbose=0), Y)


@row("predict(steps)")
def test_predict_takes_as_many_batches_as_asked() -> None:
    assert line().predict(tf.data.Dataset.from_tensor_slices(X).batch(4).repeat(), steps=4, verbose=0).shape == (16, 1)
    assert line().predict(batches(times=9), steps=4, verbose=0).shape == (16, 1)


@pytest.mark.parametrize(
    "make",
    [
        pytest.param(lambda: (x for x, _ in batches()), marks=row("predict#x_generator")),
        pytest.param(batches, marks=row("predict#x_generator_tuple")),
        pytest.param(Pieces, marks=row("predict#x_sequence")),
    ],
)
def test_predict_takes_batches_of_every_kind_and_drops_targets(make: Callable[[], Any]) -> None:
    model = line()
    model.set_weights([np.ones((3, 1)), np.zeros(1)])
    assert np.allclose(model.predict(make(), verbose=0), Y)


@row("predict#multi_output")
def test_predict_gives_one_array_for_each_output() -> None:
    outputs = two_in_two_out().predict([X, X], batch_size=5, verbose=0)
    assert [output.shape for output in outputs] == [(12, 1), (12, 1)]
    assert isinstance(outputs, list)


@row("train_on_batch#x_dataset")
def test_train_on_batch_takes_the_next_batch_of_a_dataset() -> None:
    ours, expected = line(), line()
    source = dataset()
    for x, y in [*batches(), *batches()]:
        assert ours.train_on_batch(source) == pytest.approx(expected.train_on_batch(x, y))


@row("test_on_batch#x_dataset")
def test_test_on_batch_takes_the_next_batch_of_a_dataset() -> None:
    model, source = line(), dataset()
    losses = [model.test_on_batch(source) for _ in range(4)]
    assert losses == pytest.approx([float(np.mean(y**2)) for _, y in [*batches()]] + [float(np.mean(Y[:4] ** 2))])


@row("predict_on_batch#x_dataset")
def test_predict_on_batch_takes_the_next_batch_of_a_dataset() -> None:
    model = line()
    model.set_weights([np.ones((3, 1)), np.zeros(1)])
    plain = tf.data.Dataset.from_tensor_slices(X).batch(BATCH)
    for source in (plain, dataset()):
        assert [model.predict_on_batch(source).tolist() for _ in range(2)] == [
            pytest.approx(Y[:4]),
            pytest.approx(Y[4:8]),
        ]


@row("predict_on_batch#mismatch")
def test_predict_on_batch_refuses_inputs_of_another_shape() -> None:
    with pytest.raises(ValueError, match=r"expected|expects|incompatible"):
        line().predict_on_batch(np.ones((2, 7)))
