"""How data that Python makes is read: by how many workers, of which kind, how far ahead."""

from __future__ import annotations

import numbers
import warnings
from dataclasses import dataclass
from typing import Any, Final

QUEUE_SIZE: Final = 10
"""Batches read ahead unless something else is said; the default of all generations."""


@dataclass(frozen=True)
class Workers:
    """The arguments of `fit`, `evaluate` and `predict` that say how Python's data is read; `None` is not given.

    They mean nothing for arrays and `tf.data` data sets.

    Args:
        max_queue_size: Batches read ahead; 10 by default.
        workers: How many threads or processes read; 1 by default. 0 reads in the thread that trains.
        use_multiprocessing: Whether they are processes. A generator cannot be read by several: it is always read by
            one thread.

    Raises:
        ValueError: If a number is too small or no whole number.
    """

    max_queue_size: int | None = None
    workers: int | None = None
    use_multiprocessing: bool | None = None

    def __post_init__(self) -> None:
        check_count("max_queue_size", self.max_queue_size, least=1)
        check_count("workers", self.workers, least=0)

    def for_dataset(self, dataset: Any) -> Reading:
        """Complete them with what a `keras.utils.PyDataset` says itself.

        Args:
            dataset: The data set. Where its class does not call `super().__init__()`, as in older scripts, it says
                nothing.
        """
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # Keras warns that the constructor was not called
            own = dataset.workers, dataset.use_multiprocessing, dataset.max_queue_size
        workers, processes, size = own
        return Reading(
            workers if self.workers is None else self.workers,
            bool(processes if self.use_multiprocessing is None else self.use_multiprocessing),
            size if self.max_queue_size is None else self.max_queue_size,
        )

    def for_stream(self) -> Reading:
        """Complete them for a generator."""
        workers = 1 if self.workers is None else min(self.workers, 1)
        return Reading(workers, False, QUEUE_SIZE if self.max_queue_size is None else self.max_queue_size)


@dataclass(frozen=True)
class Reading:
    """How data is read, nothing left open.

    Args:
        workers: Number of workers; 0 is the thread that trains.
        processes: Whether they are processes.
        ahead: Batches read ahead.
    """

    workers: int
    processes: bool
    ahead: int


def check_count(name: str, value: Any, *, least: int, endless: bool = False) -> None:
    """Raise unless a value is a whole number that is large enough.

    Args:
        name: The argument.
        value: Its value; `None` is fine.
        least: The smallest that is.
        endless: Whether -1 is fine as well. Defaults to False.

    Raises:
        ValueError: If it is not.
    """
    if value is None or (endless and value == -1):
        return
    if isinstance(value, bool) or not isinstance(value, numbers.Integral) or value < least:
        also = ", or -1 for no end" if endless else ""
        raise ValueError(f"`{name}` must be a whole number, at least {least}{also}. Received: {name}={value!r}")
