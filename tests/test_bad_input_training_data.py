"""What is wrong with the data of `fit`, `evaluate` and `predict`, and what is said about it."""

from __future__ import annotations

import gc
import threading
from collections.abc import Callable, Iterator
from typing import Any

import keras
import numpy as np
import pandas as pd
import pytest
import tensorflow as tf
from watched import Pieces, X, Y, batches, line

from kerastui.engine.training.data.adapt import Workers, adapt, take_batch
from kerastui.engine.training.data.creator import DatasetCreator
from kerastui.engine.training.data.split import split_validation


def gen(*made: Any) -> Iterator[Any]:
    yield from made


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"x": None}, r"`x` must be given"),
        ({"x": object()}, r"`x` must be an array.*Received: x=<object"),
        ({"x": {"a": X, "b": {1, 2}}}, r"`x\['b'\]` must be an array"),
        ({"x": [X, "text"]}, r"`x\[1\]` must be an array"),
        ({"x": X, "y": batches()}, r"`y` must be an array.*of type generator"),
        ({"x": [[1, 2], [3]]}, r"rows of the nested list `x` must all have the same length"),
        ({"x": np.float32(3)}, r"`x` must be an array"),
        ({"x": tf.constant(3.0)}, r"`x` must have samples along its first axis"),
        ({"x": {}}, r"`x` must hold at least one array"),
        ({"x": [X, X[:3]]}, r"Received lengths: x\[0\]: 12, x\[1\]: 3"),
        ({"x": {"a": X, "b": X[:3]}, "y": Y}, r"x\['a'\]: 12, x\['b'\]: 3, y: 12"),
        ({"x": pd.DataFrame({"a": [1.0, 2.0], "when": pd.to_datetime(["2020", "2021"])})}, r"'when' \(datetime64"),
        ({"x": X, "batch_size": 0}, r"`batch_size` must be a whole number, at least 1\. Received: batch_size=0"),
        ({"x": X, "batch_size": 2.5}, r"`batch_size`.*batch_size=2.5"),
        ({"x": X, "batch_size": True}, r"`batch_size`.*batch_size=True"),
        ({"x": X, "steps": 0}, r"`steps` must be a whole number, at least 1, or -1 for no end"),
        ({"x": X, "shuffle": "batches"}, r"`shuffle` must be True, False or 'batch'\. Received: shuffle='batches'"),
        ({"x": X, "y": Y, "class_weight": [1, 2]}, r"`class_weight` must be a dict.*class_weight=\[1, 2\]"),
        ({"x": X, "y": Y, "class_weight": {"cat": 2}}, r"`class_weight` must map.*Received: 'cat': 2"),
        ({"x": X, "y": Y, "class_weight": {0: None}}, r"`class_weight` must map.*Received: 0: None"),
        ({"x": X, "y": [Y, Y], "class_weight": {0: 2}}, r"`class_weight` is only supported.*single output.*2 outputs"),
        ({"x": X, "class_weight": {0: 2}}, r"`class_weight` is only supported.*with targets"),
        ({"x": X, "y": Y, "sample_weight": [np.ones(12)] * 2}, r"`sample_weight` must be one array.*2 arrays"),
        ({"x": X, "y": [Y, Y], "sample_weight": np.ones((12, 3))}, r"`sample_weight` for several outputs"),
        ({"x": X, "y": [Y, Y], "sample_weight": [np.ones(12)]}, r"`sample_weight` must hold one array.*list of 1"),
        ({"x": X, "y": {"p": Y, "q": Y}, "sample_weight": {"r": np.ones(12)}}, r"the key 'r'"),
        ({"x": gen((X, Y[:3]))}, r"Received lengths: x → x: 12, x → y: 3"),
        ({"x": gen((X, Y)), "argument": "validation_data", "y": Y}, r"beside `validation_data` as a generator"),
        ({"x": gen((1.0, 2.0))}, r"`x → x` must be an array"),
        ({"x": DatasetCreator(lambda context: tf.data.Dataset.from_tensors(X)), "y": Y}, r"`y`.*a `DatasetCreator`"),
        ({"x": tf.data.Dataset.from_tensors(X), "class_weight": {0: 2}}, r"`class_weight` needs targets"),
    ],
)
def test_data_that_cannot_be_used_is_refused_by_name(settings: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        adapt(settings.pop("x"), **settings)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"workers": -1}, r"`workers` must be a whole number, at least 0\. Received: workers=-1"),
        ({"workers": 1.5}, r"`workers`.*workers=1.5"),
        ({"max_queue_size": 0}, r"`max_queue_size` must be a whole number, at least 1"),
    ],
)
def test_numbers_of_workers_are_checked(settings: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Workers(**settings)
    with pytest.raises(ValueError, match=message):
        line().fit(batches(), verbose=0, **settings)


@pytest.mark.parametrize(
    ("function", "message"),
    [("no function", "`dataset_fn` must be a function"), (lambda context: [1], "`dataset_fn` must return.*a list")],
)
def test_a_dataset_creator_is_checked(function: Any, message: str) -> None:
    with pytest.raises(TypeError, match=message):
        adapt(DatasetCreator(function))


def test_the_options_of_a_dataset_creator_are_checked() -> None:
    with pytest.raises(TypeError, match=r"`input_options` must be `tf\.distribute\.InputOptions`"):
        DatasetCreator(lambda context: None, input_options=3)


@pytest.mark.parametrize("share", [-0.5, 1.0, 2])
def test_a_share_is_between_nothing_and_all(share: float) -> None:
    with pytest.raises(ValueError, match="`validation_split` must be between 0 and 1"):
        split_validation(X, Y, None, share)


@pytest.mark.parametrize(("share", "part"), [(0.99, "training"), (0.01, "training|validation")])
def test_a_split_leaves_samples_on_both_sides(share: float, part: str) -> None:
    with pytest.raises(ValueError, match=rf"`validation_split` leaves no samples for ({part}): there are 1"):
        split_validation(X[:1], Y[:1], None, share)


class Broken(Pieces):
    """A sequence whose last batch cannot be made."""

    def __getitem__(self, index: int) -> Any:
        if index == 2:
            raise LookupError("no such file")
        return super().__getitem__(index)


def broken() -> Iterator[Any]:
    yield X, Y
    yield X, Y
    raise LookupError("no such file")


@pytest.mark.parametrize("settings", [{"workers": 0}, {"workers": 1}, {"workers": 2}])
@pytest.mark.parametrize("make", [broken, Broken])
def test_an_error_in_the_data_comes_out_as_it_is(make: Callable[[], Any], settings: dict[str, Any]) -> None:
    with pytest.raises(LookupError, match="no such file"):
        line().fit(make(), verbose=0, shuffle=False, **settings)


def test_an_error_in_a_worker_process_comes_out_as_it_is() -> None:
    with pytest.raises(LookupError, match="no such file"):
        line().fit(Broken(), verbose=0, shuffle=False, use_multiprocessing=True)


@pytest.mark.parametrize("later", [(X.astype("int32"), Y), (X[:, :2], Y), (X,), ((X, X), Y)])
def test_a_later_batch_of_another_form_is_refused(later: Any) -> None:
    with pytest.raises(ValueError, match="All batches of `x` must have the same structure"):
        line().fit(gen((X, Y), (X, Y), later), verbose=0)


def test_the_model_is_unchanged_when_data_is_refused() -> None:
    model = line()
    before = [weight.tolist() for weight in model.get_weights()]
    for data in ((X, Y[:3]), (gen("text"),), (object(), Y)):
        with pytest.raises(ValueError, match="must"):
            model.fit(*data, verbose=0)
    assert [weight.tolist() for weight in model.get_weights()] == before
    model.fit(X, Y, verbose=0)


def test_a_batch_of_an_empty_dataset_cannot_be_taken() -> None:
    with pytest.raises(ValueError, match="`x` must hold at least one batch"):
        take_batch(tf.data.Dataset.from_tensors(X).take(0))
    with pytest.raises(ValueError, match="`y` must not be given beside `x`"):
        take_batch(tf.data.Dataset.from_tensors(X), Y)


def test_a_generator_is_let_go_when_nobody_wants_it() -> None:
    model = line()
    model.fit(batches(times=99), steps_per_epoch=1, verbose=0)
    del model
    gc.collect()
    for thread in threading.enumerate():
        if thread.name == "kerastui-read-ahead":
            thread.join(20)
            assert not thread.is_alive()


def test_a_symbolic_tensor_is_no_data() -> None:
    with pytest.raises(ValueError, match=r"`x` must hold values\. Received: the symbolic tensor"):
        adapt(keras.Input((3,)))
