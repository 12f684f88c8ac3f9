"""Data sets of HDF5 files as batches, or as slabs of many."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import tensorflow as tf

from kerastui.engine.keras_private import keras
from kerastui.engine.training.data.hdf5 import RowBatches
from kerastui.engine.training.data.placing import device_here, moved
from kerastui.engine.training.data.python_batches import Batch
from kerastui.engine.training.data.sequences import SequenceAdapter
from kerastui.engine.training.data.slabs import Rows, Slab, batches_within, slabs
from kerastui.engine.training.data.workers import Workers


class FileAdapter(SequenceAdapter):
    """Batches of rows in files, read as they are needed.

    Args:
        rows: The batches.
        make: Makes a tuple of tensors of some rows, be it one batch or many.
        shuffle: Whether to take the batches in a new order each epoch.
        name: What messages call the data.
    """

    def __init__(self, rows: RowBatches, make: Callable[[Any], Batch], shuffle: bool, name: str) -> None:
        super().__init__(rows, make, Workers().for_dataset(rows), shuffle, name)
        self._specs: Any = None

    @property
    def batch_size(self) -> int:  # type: ignore[override]
        """Rows of a batch."""
        return int(self._dataset.batch_size)

    @property
    def partial_batch_size(self) -> int | None:
        """Rows of the smaller batch, if there is one."""
        return self._dataset.samples % self.batch_size or None

    @property
    def has_partial_batch(self) -> bool:
        """Whether one of the batches is smaller than the others."""
        return self.partial_batch_size is not None

    @property
    def in_rows(self) -> bool:
        """Whether the smaller batch, if there is one, is the last."""
        return not self._shuffle or not self.has_partial_batch

    @property
    def dense(self) -> bool:
        """Whether all are dense tensors, none missing."""
        return all(isinstance(spec, tf.TensorSpec) for spec in keras.tree.flatten(self.specs))

    @property
    def specs(self) -> Any:
        """The structure of a batch, tensors as `tf.TensorSpec`."""
        if self._specs is None:
            row = self._make(self._dataset.rows(slice(0, 1)))
            self._specs = keras.tree.map_structure(_spec, row)
        return self._specs

    def slabs(self, room: int, together: int = 1) -> Iterator[Slab]:
        """Begin an epoch in slabs. Only where the data are `dense`.

        Args:
            room: Bytes of a slab at most, if a batch is not larger.
            together: Batches that a slab does not cut. Defaults to 1.

        Returns:
            The slabs; the order is that of `get_tf_dataset`.
        """
        device = device_here()
        at_most = batches_within(room, self.specs, self.batch_size)
        order = self._dataset.order(list(self._indices()) if self._shuffle else None)

        def make(rows: Rows) -> Any:
            return moved(self._make(self._dataset.rows(rows)), device)

        return slabs(order, make, at_most, together)


def _spec(part: Any) -> Any:
    return tf.TensorSpec([None, *part.shape[1:]], part.dtype) if isinstance(part, tf.Tensor) else None
