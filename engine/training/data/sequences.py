"""`keras.utils.PyDataset`, which was `Sequence`: batches by index, read by threads or processes."""

from __future__ import annotations

import itertools
import random
import warnings
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, Future, ProcessPoolExecutor, ThreadPoolExecutor
from typing import Any

from kerastui.engine.keras_private import keras
from kerastui.engine.training.data.python_batches import Batch, PythonBatches
from kerastui.engine.training.data.workers import Reading


class SequenceAdapter(PythonBatches):
    """Batches of a `keras.utils.PyDataset`, each read once an epoch, in order.

    Args:
        dataset: The data set.
        make: Makes a tuple of tensors of what it gives.
        reading: By how many workers, of which kind.
        shuffle: Whether to take the batches in a new order each epoch.
        name: What messages call it.

    Raises:
        ValueError: If it is empty.
    """

    def __init__(self, dataset: Any, make: Callable[[Any], Batch], reading: Reading, shuffle: bool, name: str) -> None:
        super().__init__(reading, name)
        self._dataset = dataset
        self._make = make
        self._reading = reading
        self._shuffle = shuffle
        self._looked_at: dict[int, Batch] = {}
        self._within_epoch = False
        if self.num_batches == 0:
            raise ValueError(f"`{name}` must hold at least one batch. Received: a {type(dataset).__name__} of length 0")

    @property
    def num_batches(self) -> int | None:
        """Batches in an epoch; `None` if there is no end."""
        count: int | None = self._dataset.num_batches
        return count

    def on_epoch_begin(self) -> None:
        """Tell the data set, once an epoch."""
        self._within_epoch = True
        self._dataset.on_epoch_begin()

    def on_epoch_end(self) -> None:
        """Tell the data set, if an epoch has begun: Keras's epoch iterator also calls this before the first."""
        super().on_epoch_end()
        if self._within_epoch:
            self._within_epoch = False
            self._dataset.on_epoch_end()

    def first_batches(self) -> list[Batch]:
        """Make one or two batches, which the first epoch will use."""
        count = 2 if self.num_batches is None else min(2, self.num_batches)
        batches = [self._make(self._dataset[index]) for index in range(count)]
        if type(self._dataset).on_epoch_begin is keras.utils.PyDataset.on_epoch_begin:
            # Nothing changes before the first epoch, which uses these rather than reading them a second time.
            self._looked_at = dict(enumerate(batches))
        return batches

    def epoch(self) -> Iterator[Batch]:
        """Read every batch once."""
        if self.on_caller_thread:
            for index in self._indices():
                yield self._make(self._dataset[index])
            return
        executor = self._executor()
        try:
            yield from self._ahead(executor)
        finally:
            executor.shutdown(cancel_futures=True)

    def _ahead(self, executor: Executor) -> Iterator[Batch]:
        """Read with an executor: batches in their order, a limited number ahead."""
        waiting: deque[Future[Any]] = deque()
        for index in self._indices():
            waiting.append(self._submit(executor, index))
            if len(waiting) >= max(self._reading.ahead, self._reading.workers):
                yield self._made(waiting.popleft().result())
        while waiting:
            yield self._made(waiting.popleft().result())

    def _indices(self) -> Iterator[int]:
        count = self.num_batches
        if count is None:
            return itertools.count()
        indices = list(range(count))
        if self._shuffle:
            random.shuffle(indices)  # as Keras does, so that one seed gives the same order
        return iter(indices)

    def _submit(self, executor: Executor, index: int) -> Future[Any]:
        if index in self._looked_at:
            done: Future[Any] = Future()
            done.set_result(_Made(self._looked_at.pop(index)))
            return done
        if self._reading.processes:
            return executor.submit(_item, index)
        return executor.submit(lambda: _Made(self._make(self._dataset[index])))

    def _made(self, result: Any) -> Batch:
        return result.batch if isinstance(result, _Made) else self._make(result)

    def _executor(self) -> Executor:
        """Start the workers of one epoch: processes hold the data set as it is now."""
        if not self._reading.processes:
            return ThreadPoolExecutor(self._reading.workers, thread_name_prefix="kerastui-data")
        executor = ProcessPoolExecutor(self._reading.workers, initializer=_hold, initargs=(self._dataset,))
        with warnings.catch_warnings():
            # Python 3.12 warns that forking a process with threads may hang; TensorFlow's threads are always there.
            warnings.simplefilter("ignore", DeprecationWarning)
            executor.submit(_ready).result()
        return executor


class _Made:
    """Marks a batch that is made of tensors already."""

    def __init__(self, batch: Batch) -> None:
        self.batch = batch


_held: Any = None


def _hold(dataset: Any) -> None:
    """Begin a worker process."""
    global _held
    _held = dataset


def _item(index: int) -> Any:
    return _held[index]


def _ready() -> None:
    """Do nothing: the processes start with the first task."""
