"""Rows of the contract on `shuffle`, `class_weight` and `sample_weight`."""

from __future__ import annotations

import warnings
from itertools import chain
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf
from watched import BATCH, Pieces, Watched, X, Y, batches, line, stock_line, trained, two_in_two_out

from kerastui.engine import Sequential

row = pytest.mark.row
ROWS = np.arange(10.0)
CLASSES = np.arange(len(X)) % 2
HALF = 6
WEIGHT = {0: 1.0, 1: 3.0}
WEIGHTS = np.where(CLASSES, 3.0, 1.0).astype("float32")


def orders(seed: int | None, **settings: Any) -> list[list[float]]:
    """Give the order of the samples in each of two epochs, after the batches' sizes were checked."""
    if seed is not None:
        keras.utils.set_random_seed(seed)
    firsts = Watched().fit_watched(ROWS[:, None], **{"epochs": 2, "batch_size": 4, **settings})
    assert len(firsts) == 6
    return [list(chain.from_iterable(firsts[:3])), list(chain.from_iterable(firsts[3:]))]


@row("fit(shuffle)")
def test_shuffle_takes_the_samples_in_another_order() -> None:
    assert orders(1, shuffle=False) == [ROWS.tolist()] * 2
    for order in orders(None, shuffle=True):
        assert sorted(order) == ROWS.tolist()


@row("fit#shuffle_seeded")
def test_under_a_global_seed_every_epoch_has_its_own_order_and_runs_are_the_same() -> None:
    first, second = orders(1, shuffle=True)
    assert first != second
    assert first != ROWS.tolist()
    assert orders(1, shuffle=True) == [first, second]
    assert orders(2, shuffle=True)[0] != first


def test_the_first_order_is_that_of_keras() -> None:
    keras.utils.set_random_seed(1)
    stock = stock_line().fit(X, Y, batch_size=BATCH, verbose=0).history["loss"]
    keras.utils.set_random_seed(1)
    assert line().fit(X, Y, batch_size=BATCH, verbose=0).history["loss"] == pytest.approx(stock)


@row("fit#shuffle_batch")
def test_shuffle_batch_takes_whole_batches_in_another_order() -> None:
    keras.utils.set_random_seed(1)
    firsts = Watched().fit_watched(ROWS[:, None], batch_size=2, shuffle="batch", epochs=2)
    chunks = ROWS.reshape(5, 2).tolist()
    assert sorted(firsts[:5]) == sorted(firsts[5:]) == chunks
    assert firsts[:5] != firsts[5:]
    keras.utils.set_random_seed(1)
    uneven = Watched().fit_watched(ROWS[:, None], batch_size=4, shuffle="batch")
    assert sorted(uneven) == [[0, 1, 2, 3], [4, 5, 6, 7], [8, 9]]


@row("fit#shuffle_batch_pairs")
@pytest.mark.parametrize("shuffle", [True, "batch"])
def test_shuffling_keeps_inputs_targets_and_weights_together(shuffle: bool | str) -> None:
    model = Watched()
    model.fit(ROWS[:, None], 10 * ROWS, sample_weight=100 * ROWS, batch_size=4, shuffle=shuffle, verbose=0)
    for x, y, weights in model.batches:
        assert (10 * x[:, 0]).tolist() == y.tolist()
        assert (100 * x[:, 0]).tolist() == weights.tolist()


@row("fit#shuffle_ignored_with_steps")
def test_arrays_are_shuffled_with_steps_too_as_in_keras_3() -> None:
    first, second = orders(1, shuffle=True, steps_per_epoch=3)
    assert first != second
    assert sorted(first) == sorted(second) == ROWS.tolist()


@row("fit#shuffle_ignored_dataset")
@pytest.mark.parametrize("shuffle", [True, "batch"])
def test_shuffle_means_nothing_for_datasets_and_generators(shuffle: bool | str) -> None:
    expected = X[:, 0].reshape(3, 4).tolist()
    dataset = tf.data.Dataset.from_tensor_slices((X, Y)).batch(BATCH)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert Watched().fit_watched(dataset, shuffle=shuffle) == expected
        assert Watched().fit_watched(batches(), shuffle=shuffle) == expected


def classifier(*head: Any) -> Any:
    """Give a model of two classes, its weights 0."""
    model = Sequential([keras.Input((3,)), keras.layers.Dense(2, "softmax", kernel_initializer="zeros"), *head])
    model.compile(keras.optimizers.SGD(0.1), "sparse_categorical_crossentropy", run_eagerly=True)
    return model


def pairs(y: Any = CLASSES, *weights: Any) -> Any:
    data = (X, y, *weights)
    return [tuple(part[start : start + HALF] for part in data) for start in range(0, len(X), HALF)]


def same(first: Any, second: Any) -> bool:
    return all(np.allclose(one, other, atol=1e-6) for one, other in zip(first, second, strict=True))


@row("fit(class_weight)")
def test_class_weight_weighs_the_samples_of_a_class() -> None:
    expected = trained(stock_line(), X, CLASSES, batch_size=HALF, class_weight=WEIGHT)
    assert same(trained(line(), X, CLASSES, batch_size=HALF, class_weight=WEIGHT), expected)
    assert not same(trained(line(), X, CLASSES, batch_size=HALF), expected)
    only_one = trained(line(), X, CLASSES.tolist(), batch_size=HALF, class_weight={1: 3})
    assert same(only_one, expected)


@row("fit#class_weight_onehot")
def test_class_weight_goes_with_one_hot_targets() -> None:
    model = classifier()
    model.compile(keras.optimizers.SGD(0.1), "categorical_crossentropy", run_eagerly=True)
    one_hot = keras.utils.to_categorical(CLASSES, 2)
    expected = trained(classifier(), X, CLASSES, batch_size=HALF, sample_weight=WEIGHTS)
    assert same(trained(model, X, one_hot, batch_size=HALF, class_weight=WEIGHT), expected)


@row("fit#class_weight_rank2_final_dim1")
def test_class_weight_goes_with_a_column_of_classes() -> None:
    expected = trained(classifier(), X, CLASSES, batch_size=HALF, sample_weight=WEIGHTS)
    assert same(trained(classifier(), X, CLASSES[:, None], batch_size=HALF, class_weight=WEIGHT), expected)


@row("fit#class_weight_rank3_final_dim1")
def test_class_weight_goes_with_classes_for_each_step() -> None:
    classes = (np.arange(24) % 3 % 2).reshape(12, 2, 1)
    steps = [keras.layers.RepeatVector(2)]
    weights = np.where(classes, 3.0, 1.0)[..., 0]
    expected = trained(classifier(*steps), X, classes, batch_size=HALF, sample_weight=weights)
    assert same(trained(classifier(*steps), X, classes, batch_size=HALF, class_weight=WEIGHT), expected)
    dataset = tf.data.Dataset.from_tensor_slices((X, classes)).batch(HALF)
    assert same(trained(classifier(*steps), dataset, class_weight=WEIGHT), expected)


@row("fit#class_weight_dataset")
def test_class_weight_goes_with_a_dataset() -> None:
    expected = trained(stock_line(), X, CLASSES, batch_size=HALF, class_weight=WEIGHT)
    dataset = tf.data.Dataset.from_tensor_slices((X, CLASSES)).batch(HALF)
    assert same(trained(line(), dataset, class_weight=WEIGHT), expected)


class Classes(Pieces):
    """The halves, with classes as targets."""

    def __len__(self) -> int:
        return 2

    def __getitem__(self, index: int) -> Any:
        return pairs()[index]


@row("fit#class_weight_generator")
def test_class_weight_goes_with_generators_and_sequences() -> None:
    expected = trained(stock_line(), X, CLASSES, batch_size=HALF, class_weight=WEIGHT)
    assert same(trained(line(), iter(pairs()), class_weight=WEIGHT), expected)
    assert same(trained(line(), iter(pairs()), class_weight=WEIGHT, workers=0), expected)
    assert same(trained(line(), Classes(), class_weight=WEIGHT), expected)


@row("fit#class_weight_and_sample_weight")
def test_class_weight_and_sample_weight_multiply() -> None:
    own = np.linspace(0.5, 2, len(X)).astype("float32")
    expected = trained(stock_line(), X, CLASSES, batch_size=HALF, sample_weight=own * WEIGHTS)
    assert same(trained(line(), X, CLASSES, batch_size=HALF, sample_weight=own, class_weight=WEIGHT), expected)
    dataset = tf.data.Dataset.from_tensor_slices((X, CLASSES, own)).batch(HALF)
    assert same(trained(line(), dataset, class_weight=WEIGHT), expected)
    assert same(trained(line(), iter(pairs(CLASSES, own)), class_weight=WEIGHT), expected)


def test_class_weight_is_one_for_classes_without() -> None:
    from kerastui.engine.training.data.class_weights import weigh

    assert weigh([0, 1, 5, -1], {1: 3.0}).numpy().tolist() == [1, 3, 1, 1]


def test_class_weight_goes_with_the_one_output_of_a_dict() -> None:
    expected = trained(line(), X, CLASSES, batch_size=HALF, class_weight=WEIGHT)
    assert same(trained(line(), X, {"out": CLASSES}, batch_size=HALF, class_weight=WEIGHT), expected)


@row("fit(sample_weight)")
def test_sample_weight_weighs_each_sample() -> None:
    expected = trained(stock_line(), X, Y, batch_size=HALF, sample_weight=WEIGHTS)
    for weights in (WEIGHTS, WEIGHTS.tolist(), tf.constant(WEIGHTS), WEIGHTS[:, None], [WEIGHTS]):
        assert same(trained(line(), X, Y, batch_size=HALF, sample_weight=weights), expected)


def test_sample_weight_goes_to_every_output_or_one() -> None:
    data = [X, X], [Y, Y]
    plain = trained(two_in_two_out(), *data, batch_size=12)
    all_outputs = trained(two_in_two_out(), *data, batch_size=12, sample_weight=WEIGHTS)
    for weights in ([WEIGHTS, WEIGHTS], {"p": WEIGHTS, "q": WEIGHTS}):
        assert same(trained(two_in_two_out(), *data, batch_size=12, sample_weight=weights), all_outputs)
    some: list[Any] = [[WEIGHTS, None], {"p": WEIGHTS}]
    for weights in some:
        one = trained(two_in_two_out(), *data, batch_size=12, sample_weight=weights)
        assert same(one, [*all_outputs[:2], *plain[2:]])
    by_name = trained(two_in_two_out(), [X, X], {"q": Y, "p": Y}, batch_size=12, sample_weight=[WEIGHTS, None])
    assert same(by_name, [*all_outputs[:2], *plain[2:]])


@row("fit#sample_weight_temporal_no_mode")
def test_sample_weight_may_be_one_for_each_step() -> None:
    model = Sequential([keras.Input((2, 3)), keras.layers.Dense(1, kernel_initializer="ones")])
    model.compile("sgd", "mse", run_eagerly=True)
    x = np.stack([X, 2 * X], axis=1)
    weights = np.zeros((12, 2))
    weights[0, 1] = 1
    loss = model.fit(x, np.zeros((12, 2, 1)), batch_size=12, sample_weight=weights, verbose=0).history["loss"][0]
    assert loss == pytest.approx((2 * X[0].sum()) ** 2 / 24, rel=1e-4)


@row("evaluate(sample_weight)")
def test_evaluate_weighs_each_sample() -> None:
    expected = float(np.mean(WEIGHTS * Y[:, 0] ** 2))
    assert line().evaluate(X, Y, sample_weight=WEIGHTS, verbose=0) == pytest.approx(expected, rel=1e-5)
