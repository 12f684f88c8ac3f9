"""Generators and other iterators: each read by one thread, a few batches ahead."""

from __future__ import annotations

import threading
import weakref
from collections import deque
from collections.abc import Callable, Iterator
from itertools import islice
from typing import Any, Final
from weakref import WeakKeyDictionary

from kerastui.engine.training.data.python_batches import Batch, PythonBatches
from kerastui.engine.training.data.workers import Reading

_LOOK_UP: Final = 0.2
"""Seconds between two looks of a reader with nothing to do whether anybody still wants batches."""


class StreamAdapter(PythonBatches):
    """Batches of a generator or iterator.

    It goes on in each epoch where it stopped in the one before, and in the next call of `fit` where it stopped in
    this one: what was read ahead and not used is not lost.

    Args:
        source: The iterator.
        make: Makes a tuple of tensors of what it gives.
        reading: Whether to read ahead, and how far.
        name: What messages call it.

    Raises:
        ValueError: If it gives nothing.
    """

    def __init__(self, source: Iterator[Any], make: Callable[[Any], Batch], reading: Reading, name: str) -> None:
        super().__init__(reading, name)
        self._make = make
        if self.on_caller_thread:
            self._batches = map(make, _unread(source))
            self._first = list(islice(self._batches, 1))
        else:
            self._reader = _reader_of(source, reading.ahead)
            # No lock is taken there: the end of an object may come at any moment, in any thread.
            weakref.finalize(self, self._reader.users.__delitem__, slice(1))
            self._first = [make(batch) for batch in self._reader.peek(1)]
        if not self._first:
            raise ValueError(f"`{name}` must give at least one batch. Received: an iterator that gives none")

    @property
    def num_batches(self) -> None:
        """Nobody knows how many there will be."""
        return None

    def first_batches(self) -> list[Batch]:
        """Look at one or two batches."""
        batches = self._first
        try:
            return [self._make(batch) for batch in self._reader.peek(2)]
        except ValueError:  # the second; it is refused when it is its turn
            return batches

    def epoch(self) -> Iterator[Batch]:
        """Read on, to the end."""
        if self.on_caller_thread:
            while self._first:
                yield self._first.pop()
            yield from self._batches
            return
        while (taken := self._reader.take()) is not None:
            yield self._make(taken[0])


class ReadAhead(threading.Thread):
    """Reads an iterator into a buffer, until nobody wants it any more.

    Args:
        source: The iterator.
        size: Batches in the buffer.
        left: Batches to give first. Defaults to none.
    """

    def __init__(self, source: Iterator[Any], size: int, left: deque[Any] | None = None) -> None:
        super().__init__(name="kerastui-read-ahead", daemon=True)
        self.users = [True]
        self.abandoned = False
        self._source: Iterator[Any] | None = source
        self._size = max(size, 2)  # the first two are looked at before any is taken
        self._buffer = left or deque()
        self._changed = threading.Condition()
        self._ended = False
        self._error: BaseException | None = None

    def run(self) -> None:
        """Read."""
        error = None
        source, self._source = self._source, None
        try:
            for batch in source or ():
                if not self._put(batch):
                    break
        except BaseException as raised:  # raised anew in the thread that takes
            error = raised
        with self._changed:
            self._error = error
            self._ended = True
            self._changed.notify_all()

    def joined(self) -> bool:
        """Count one more user; not if reading has stopped for lack of any."""
        with self._changed:
            if not self.abandoned:
                self.users.append(True)
            return not self.abandoned

    def left(self) -> deque[Any]:
        """Stop reading and give what nobody took."""
        self.users.clear()
        if self.is_alive():
            self.join()
        return self._buffer

    def peek(self, count: int) -> list[Any]:
        """Look at the next batches, fewer if there are no more."""
        with self._changed:
            self._changed.wait_for(lambda: len(self._buffer) >= count or self._ended)
            if not self._buffer:
                self._raise()
            return list(islice(self._buffer, count))

    def take(self) -> tuple[Any] | None:
        """Take the next batch; `None` at the end."""
        with self._changed:
            self._changed.wait_for(lambda: self._buffer or self._ended)
            if not self._buffer:
                self._raise()
                return None
            batch = self._buffer.popleft()
            self._changed.notify_all()
            return (batch,)

    def _put(self, batch: Any) -> bool:
        """Keep a batch and wait for room; tell whether more are wanted."""
        with self._changed:
            self._buffer.append(batch)
            self._changed.notify_all()
            while self.users and len(self._buffer) >= self._size:
                self._changed.wait(_LOOK_UP)
            self.abandoned = not self.users
            return bool(self.users)

    def _raise(self) -> None:
        if self._error is not None:
            error, self._error = self._error, None
            raise error


_readers: WeakKeyDictionary[Any, ReadAhead] = WeakKeyDictionary()
"""Who reads, or read, each iterator that is still about."""


def _reader_of(source: Iterator[Any], size: int) -> ReadAhead:
    """Give the thread that reads an iterator: only one may."""
    former = _readers.get(source) if _can_be_known(source) else None
    if former is not None and former.joined():
        return former
    reader = ReadAhead(source, size, former.left() if former is not None else None)
    if _can_be_known(source):
        _readers[source] = reader
    reader.start()
    return reader


def _unread(source: Iterator[Any]) -> Iterator[Any]:
    """Give an iterator to be read here, with what was read ahead before and not used."""
    former = _readers.get(source) if _can_be_known(source) else None
    left = former.left() if former is not None else deque()  # its own, where the next call finds the rest
    while left:
        yield left.popleft()
    for batch in source:  # noqa: UP028 — `yield from` would close the caller's generator with this one
        yield batch


def _can_be_known(source: Any) -> bool:
    """Tell whether an iterator can be looked up: those of built-in types cannot."""
    try:
        weakref.ref(source)
        hash(source)
    except TypeError:
        return False
    return True
