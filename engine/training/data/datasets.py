"""`tf.data.Dataset`: checked, weighted, or taken one batch at a time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import tensorflow as tf

from kerastui.engine.keras_private import DataAdapter, keras
from kerastui.engine.training.data.batch import refuse_namedtuple, unpacked
from kerastui.engine.training.data.class_weights import weigh
from kerastui.engine.training.data.conversion import as_arrays
from kerastui.engine.training.data.sample_weights import match_targets

_KINDS = (tf.data.Dataset, tf.distribute.DistributedDataset)


class DatasetAdapter(DataAdapter):  # type: ignore[misc]  # Keras ships no types
    """Batches of a `tf.data.Dataset`.

    Args:
        dataset: The data set.
        steps: Batches in an epoch, as asked for; `None` for all there are, -1 for no end.
        class_weight: Weight by class. Defaults to `None`.
        output_names: Names of the model's outputs. Defaults to `None`: unknown.
        name: What messages call it. Defaults to `"x"`.

    Raises:
        ValueError: If it is empty, or without end and no number of steps is given; or if it holds namedtuples, or
            tuples that are longer than three.
    """

    def __init__(
        self,
        dataset: Any,
        steps: int | None,
        class_weight: Mapping[int, float] | None = None,
        output_names: Sequence[str] | None = None,
        name: str = "x",
    ) -> None:
        _check_elements(dataset.element_spec, name)
        self._dataset = dataset
        count = self._cardinality()
        if count == 0:
            raise ValueError(f"`{name}` must hold at least one batch. Received: a `tf.data.Dataset` of length 0")
        if count == tf.data.INFINITE_CARDINALITY and steps is None:
            refuse_endless(name)
        if class_weight is not None:
            self._dataset = dataset.map(lambda *batch: _weighted(batch, class_weight, output_names))

    def _cardinality(self) -> int:
        count = self._dataset.cardinality
        return int(count() if callable(count) else count)  # a number in distributed ones

    def get_tf_dataset(self) -> Any:
        """Give the data set."""
        return self._dataset

    @property
    def num_batches(self) -> int | None:
        """Batches in the data set, if it knows."""
        count = self._cardinality()
        return count if count >= 0 else None

    @property
    def batch_size(self) -> int | None:
        """Samples in a batch, if it knows."""
        first = keras.tree.flatten(self._dataset.element_spec)[0]
        size: int | None = first.shape[0] if first.shape.rank else None
        return size


def is_dataset(x: Any) -> bool:
    """Tell a `tf.data.Dataset`, distributed or not."""
    return isinstance(x, _KINDS)


def refuse_endless(name: str) -> None:
    """Raise for data without an end where no number of steps says how much of it an epoch is.

    Args:
        name: What messages call the data.

    Raises:
        ValueError: Always.
    """
    steps = {"x": "`steps_per_epoch` or `steps`", "validation_data": "`validation_steps`"}.get(name, "the steps")
    raise ValueError(
        f"`{name}` has no end, so {steps} must say how many batches to take (-1 goes on for ever). "
        f"Received: endless `{name}` and no number of steps"
    )


def take_batch(x: Any, y: Any = None, sample_weight: Any = None) -> tuple[Any, Any, Any]:
    """Make the data of `train_on_batch` and its kin: arrays, or the next batch of a data set.

    Args:
        x: Inputs: arrays, tensors, nested lists; or a `tf.data.Dataset`, which is read on from where the last call
            stopped, and from the beginning after its end.
        y: Targets. Defaults to `None`.
        sample_weight: Weights of the samples. Defaults to `None`.

    Returns:
        Inputs, targets and weights.

    Raises:
        ValueError: If the data set is empty, or comes with targets or weights beside it; or if something is no array.
    """
    if not is_dataset(x):
        targets = as_arrays(y, "y")
        weights = match_targets(targets, as_arrays(sample_weight, "sample_weight"))
        return as_arrays(x, "x"), targets, weights
    refuse_beside("a `tf.data.Dataset`", y, sample_weight)
    _check_elements(x.element_spec, "x")
    kept = vars(x)  # by the data set itself, so that both end together
    batch = next(kept.get("_kerastui_batches", iter(())), None)
    if batch is None:
        kept["_kerastui_batches"] = iter(x)
        batch = next(kept["_kerastui_batches"], None)
    if batch is None:
        raise ValueError("`x` must hold at least one batch. Received: an empty `tf.data.Dataset`")
    return (*unpacked(batch, "x"), None, None)[:3]


def refuse_beside(kind: str, y: Any, sample_weight: Any, name: str = "x") -> None:
    """Raise if targets or weights are given beside data that brings its own.

    Args:
        kind: What the data is.
        y: Targets.
        sample_weight: Weights.
        name: What messages call the data. Defaults to `"x"`.

    Raises:
        ValueError: If one of them is not `None`.
    """
    for argument, value in (("y", y), ("sample_weight", sample_weight)):
        if value is not None:
            raise ValueError(
                f"`{argument}` must not be given beside `{name}` as {kind}, which brings its own as part of each "
                f"batch, (x, y, sample_weight). Received: {argument} of type {type(value).__name__}"
            )


def _check_elements(spec: Any, name: str) -> None:
    """Raise if the batches that a specification describes are none."""
    refuse_namedtuple(spec, name)
    if isinstance(spec, (tuple, list)) and not 1 <= len(spec) <= 3:
        raise ValueError(
            f"`{name}` must give batches of the form `x`, `(x,)`, `(x, y)` or `(x, y, sample_weight)`. "
            f"Received: a data set of tuples of length {len(spec)}"
        )


def _weighted(batch: tuple[Any, ...], class_weight: Mapping[int, float], output_names: Sequence[str] | None) -> Any:
    """Put the weights of classes into a batch, within the graph of the data set."""
    x, y, sample_weight = (*batch, None, None)[:3]
    if y is None:
        raise ValueError("`class_weight` needs targets. Received: a data set that gives inputs alone")
    return x, y, weigh(y, class_weight, match_targets(y, sample_weight, output_names))
