"""One batch as Python code made it, checked and turned into tensors."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import tensorflow as tf

from kerastui.engine.keras_private import keras
from kerastui.engine.training.data.class_weights import weigh
from kerastui.engine.training.data.conversion import as_arrays, is_array, map_parts, number_of_samples
from kerastui.engine.training.data.sample_weights import match_targets

_FORMS = "`x`, `(x,)`, `(x, y)` or `(x, y, sample_weight)`"


@dataclass(frozen=True)
class BatchMaker:
    """Makes tuples of tensors of what a generator, a `PyDataset` or an iterator gives.

    Args:
        name: What messages call the source.
        class_weight: Weight by class, to multiply the weights of the samples with. Defaults to `None`.
        output_names: Names of the model's outputs. Defaults to `None`: unknown.
    """

    name: str
    class_weight: Mapping[int, float] | None = None
    output_names: tuple[str, ...] | None = None

    def __call__(self, batch: Any) -> tuple[Any, ...]:
        """Make a batch.

        Args:
            batch: Inputs alone, as an array or a dict; or a tuple or list of inputs, targets and weights.

        Returns:
            A tuple of one to three parts, lists within them as tuples.

        Raises:
            ValueError: If it is of another form, or its parts do not fit together.
        """
        names = [f"{self.name} → {part}" for part in ("x", "y", "sample_weight")]
        given = unpacked(batch, self.name)
        arrays = [as_arrays(part, name) for part, name in zip(given, names, strict=False)]
        number_of_samples({name: part for name, part in zip(names, arrays, strict=False) if part is not None})
        x, y, weights = (*arrays, None, None)[:3]
        tensors = [map_parts(_to_tensor, part) for part in (x, y)]
        weights = map_parts(_to_tensor, match_targets(y, weights, self.output_names, names[2]))
        if y is not None:
            weights = weigh(tensors[1], self.class_weight, weights)
        parts = (*tensors, weights)
        while len(parts) > 1 and parts[-1] is None:
            parts = parts[:-1]
        return tuple(keras.tree.lists_to_tuples(parts))


def unpacked(batch: Any, name: str) -> tuple[Any, ...]:
    """Bring a batch into the form of a tuple, its parts as they are.

    Args:
        batch: As it came.
        name: What messages call its source.

    Returns:
        One to three parts.

    Raises:
        ValueError: If it is a namedtuple, has no or more than three parts, or is nothing that could be a batch.
    """
    if isinstance(batch, Mapping) or is_array(batch) or hasattr(batch, "iloc"):
        return (batch,)
    refuse_namedtuple(batch, name)
    if isinstance(batch, (tuple, list)) and 1 <= len(batch) <= 3 and batch[0] is not None:
        return tuple(batch)
    shown = f"{type(batch).__name__} of length {len(batch)}" if isinstance(batch, (tuple, list)) else repr(batch)[:80]
    raise ValueError(f"`{name}` must give batches of the form {_FORMS}. Received: a batch that is {shown}")


def refuse_namedtuple(batch: Any, name: str) -> None:
    """Raise for a namedtuple: whether it stands for `(x, y)` or for inputs cannot be told.

    Args:
        batch: A batch, or the description of one.
        name: What messages call its source.

    Raises:
        ValueError: If it is one.
    """
    if isinstance(batch, tuple) and hasattr(batch, "_fields"):
        raise ValueError(
            f"`{name}` must not give namedtuples, since it is unclear whether they are inputs or inputs and targets. "
            f"Give a plain tuple, {_FORMS}, or a dict as inputs. "
            f"Received: a batch of type {type(batch).__name__} with the fields {', '.join(batch._fields)}"
        )


def _to_tensor(part: Any) -> Any:
    """Make a tensor; floats of another width become `keras.config.floatx()`, as those of arrays do."""
    if tf.is_tensor(part) or isinstance(part, (tf.RaggedTensor, tf.SparseTensor)):
        return part
    array = np.asarray(part)
    if array.dtype.kind == "f" and array.dtype.name != keras.config.floatx():
        array = array.astype(keras.config.floatx())
    return tf.convert_to_tensor(array)
