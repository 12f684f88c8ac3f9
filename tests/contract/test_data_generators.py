"""Rows of the contract on generators and `Sequence`s: who reads them, how far ahead, in which order."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from typing import Any

import keras
import pytest
from watched import Numbered, Pieces, Watched, X, Y, batches, line

row = pytest.mark.row


def call(model: Any, method: str, data: Any, **settings: Any) -> Any:
    return getattr(model, method)(data, verbose=0, **settings)


class Together(Numbered):
    """Batches that can only be made three at a time."""

    def __init__(self) -> None:
        super().__init__()
        self.barrier = threading.Barrier(3, timeout=20)

    def __len__(self) -> int:
        return 5  # two are looked at first, in the thread that trains

    def __getitem__(self, index: int) -> Any:
        if threading.current_thread().name.startswith("kerastui"):
            self.barrier.wait()
        return super().__getitem__(index)


@pytest.mark.parametrize(
    "method",
    [
        pytest.param("fit", marks=row("fit(workers)")),
        pytest.param("evaluate", marks=row("evaluate(workers)")),
        pytest.param("predict", marks=row("predict(workers)")),
        pytest.param("fit_generator", marks=row("fit_generator(workers)")),
        pytest.param("evaluate_generator", marks=row("evaluate_generator(workers)")),
        pytest.param("predict_generator", marks=row("predict_generator(workers)")),
    ],
)
def test_as_many_workers_read_as_asked_and_the_order_is_kept(method: str) -> None:
    model = Watched()
    more = {"shuffle": False} if method.startswith("fit") else {}
    call(model, method, Together(), workers=3, **more)
    assert model.firsts == [[0], [1], [2], [3], [4]]


@pytest.mark.parametrize(
    "method",
    [
        pytest.param("fit", marks=row("fit(use_multiprocessing)")),
        pytest.param("evaluate", marks=row("evaluate(use_multiprocessing)")),
        pytest.param("predict", marks=row("predict(use_multiprocessing)")),
        pytest.param("fit_generator", marks=row("fit_generator(use_multiprocessing)")),
        pytest.param("evaluate_generator", marks=row("evaluate_generator(use_multiprocessing)")),
        pytest.param("predict_generator", marks=row("predict_generator(use_multiprocessing)")),
    ],
)
def test_processes_read_a_sequence(method: str) -> None:
    model = Watched()
    more = {"shuffle": False} if method.startswith("fit") else {}
    call(model, method, Numbered(), use_multiprocessing=True, **more)
    assert model.firsts == [[index] for index in range(6)]
    assert {int(x[0, 1]) for x, _, _ in model.batches[2:]}.isdisjoint({os.getpid()})


@row("fit#use_multiprocessing_true")
def test_processes_give_every_batch_once_and_in_order() -> None:
    model = Watched()
    data = Numbered()
    firsts = model.fit_watched(data, epochs=2, shuffle=False, workers=2, use_multiprocessing=True, max_queue_size=2)
    assert firsts == [[index] for index in range(6)] * 2
    shuffled = model.fit_watched(data, shuffle=True, workers=2, use_multiprocessing=True)
    assert sorted(shuffled) == [[index] for index in range(6)]
    assert not data.use_multiprocessing  # what the object says is left alone


class Read:
    """A generator that counts what is read of it."""

    def __init__(self, enough: int) -> None:
        self.count, self.enough, self._limit = 0, threading.Event(), enough

    def __iter__(self) -> Iterator[Any]:
        while True:
            self.count += 1
            if self.count == self._limit:
                self.enough.set()
            yield X[:1], Y[:1]


class Patient(keras.callbacks.Callback):  # type: ignore[misc]  # Keras ships no types
    """Waits at the end of the second batch until enough is read."""

    def __init__(self, source: Read) -> None:
        super().__init__()
        self.source = source

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        assert batch == 0 or self.source.enough.wait(20)

    on_test_batch_end = on_predict_batch_end = on_train_batch_end


@pytest.mark.parametrize(
    ("method", "steps"),
    [
        pytest.param("fit", "steps_per_epoch", marks=row("fit(max_queue_size)")),
        pytest.param("evaluate", "steps", marks=row("evaluate(max_queue_size)")),
        pytest.param("predict", "steps", marks=row("predict(max_queue_size)")),
        pytest.param("fit_generator", "steps_per_epoch", marks=row("fit_generator(max_queue_size)")),
        pytest.param("evaluate_generator", "steps", marks=row("evaluate_generator(max_queue_size)")),
        pytest.param("predict_generator", "steps", marks=row("predict_generator(max_queue_size)")),
    ],
)
def test_so_many_batches_are_read_ahead(method: str, steps: str) -> None:
    source = Read(enough=2 + 4)
    generator = iter(source)
    call(Watched(), method, generator, max_queue_size=4, callbacks=[Patient(source)], **{steps: 2})
    assert source.enough.is_set()
    # One is read, and waits for room, only when another was taken.
    assert source.count == 2 + 4


@pytest.mark.parametrize(
    "method",
    [
        pytest.param("fit", marks=row("fit#workers_zero")),
        pytest.param("evaluate", id="evaluate"),
        pytest.param("predict", id="predict"),
        pytest.param("fit_generator", marks=row("fit_generator#workers_zero")),
        pytest.param("evaluate_generator", marks=row("evaluate_generator#workers_zero")),
        pytest.param("predict_generator", marks=row("predict_generator#workers_zero")),
    ],
)
def test_without_workers_the_thread_that_trains_reads(method: str) -> None:
    here = threading.current_thread().name
    threads: list[str] = []
    model = Watched()
    call(model, method, batches(threads=threads), workers=0)
    assert threads == [here] * 3
    assert model.firsts == X[:, 0].reshape(3, 4).tolist()
    pieces = Pieces(workers=3)
    call(model, method, pieces, workers=0)
    assert sorted(pieces.read) == [(index, here) for index in range(3)]


def test_with_workers_another_thread_reads_a_generator() -> None:
    threads: list[str] = []
    line().fit(batches(threads=threads), verbose=0)
    assert set(threads) == {"kerastui-read-ahead"}


def test_a_sequence_says_itself_by_whom_it_is_read_unless_the_call_does() -> None:
    own = Pieces(workers=0)
    line().fit(own, verbose=0)
    assert {name for _, name in own.read} == {threading.current_thread().name}
    line().fit(own, verbose=0, workers=1)
    assert "kerastui-data_0" in {name for _, name in own.read}


def test_a_sequence_is_read_once_an_epoch_and_told_of_its_end() -> None:
    pieces = Pieces()
    line().fit(pieces, epochs=2, shuffle=False, verbose=0)
    assert sorted(index for index, _ in pieces.read) == [0, 0, 1, 1, 2, 2]
    assert pieces.epochs_ended == 2


def test_a_generator_goes_on_in_the_next_call_where_training_stopped() -> None:
    model = Watched()
    generator = batches(times=9)
    seen = [model.fit_watched(generator, steps_per_epoch=2, workers=workers) for workers in (1, 1, 0, 1)]
    expected = X[:, 0].reshape(3, 4).tolist() * 3
    assert sum(len(firsts) for firsts in seen) == 8
    assert [first for firsts in seen for first in firsts] == expected[:8]


@row("fit#sequence_shuffle")
@pytest.mark.parametrize("workers", [0, 1, 2])
def test_shuffle_takes_the_batches_of_a_sequence_in_a_new_order(workers: int) -> None:
    model = Watched()
    expected = [[index] for index in range(6)]
    assert model.fit_watched(Numbered(), shuffle=False, workers=workers) == expected
    runs = []
    for _ in range(2):
        keras.utils.set_random_seed(3)
        runs.append(model.fit_watched(Numbered(), shuffle=True, epochs=2, workers=workers))
    assert runs[0] == runs[1]
    first, second = runs[0][:6], runs[0][6:]
    assert first != expected
    assert first != second
    assert sorted(first) == sorted(second) == expected
