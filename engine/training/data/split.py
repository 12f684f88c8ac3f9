"""Checks and cuts of data before it becomes batches: the share for validation, the samples of stateful models."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

from kerastui.engine.keras_private import convert_to_sliceable, keras
from kerastui.engine.training.data.conversion import as_arrays, is_hdf5, number_of_samples
from kerastui.engine.training.data.creator import DatasetCreator
from kerastui.engine.training.data.datasets import is_dataset
from kerastui.engine.training.data.hdf5 import Hdf5Rows, split_rows

Data = tuple[Any, Any, Any]
"""`x`, `y`, `sample_weight`."""


def split_validation(x: Any, y: Any, sample_weight: Any, validation_split: float) -> tuple[Data, Data]:
    """Cut the last samples off for validation.

    Args:
        x: Inputs: arrays, in any structure.
        y: Targets.
        sample_weight: Weights of the samples.
        validation_split: The share for validation, between 0 and 1.

    Returns:
        The data for training, and that for validation.

    Raises:
        ValueError: If the data is no arrays, the share is not between 0 and 1, or one of the parts would be empty.

    Example:
        >>> split_validation([1, 2, 3, 4], [0, 1, 0, 1], None, 0.25)[1][0].tolist()
        [4]
    """
    if not 0 < validation_split < 1:
        raise ValueError(f"`validation_split` must be between 0 and 1. Received: validation_split={validation_split!r}")
    if is_dataset(x) or isinstance(x, (keras.utils.PyDataset, Iterator, DatasetCreator)):
        raise ValueError(
            "`validation_split` needs arrays or tensors: other data cannot be cut. Pass `validation_data` instead. "
            f"Received: validation_split={validation_split} and x of type {type(x).__name__}"
        )
    names = ("x", "y", "sample_weight")
    data = {name: as_arrays(part, name) for name, part in zip(names, (x, y, sample_weight), strict=True)}
    samples = number_of_samples({name: part for name, part in data.items() if part is not None})
    at = math.floor(samples * (1 - validation_split))
    if at in (0, samples):
        raise ValueError(
            f"`validation_split` leaves no samples for {'validation' if at else 'training'}: there are {samples}. "
            f"Received: validation_split={validation_split}"
        )
    halves = [_halves(part, at) for part in data.values()]
    return (halves[0][0], halves[1][0], halves[2][0]), (halves[0][1], halves[1][1], halves[2][1])


def _halves(structure: Any, at: int) -> tuple[Any, Any]:
    def half(part: Any, which: int) -> Any:
        if part is None:
            return None
        if is_hdf5(part) or isinstance(part, Hdf5Rows):
            return split_rows(part, at)[which]
        rows = convert_to_sliceable(part)
        return rows[at : int(part.shape[0])] if which else rows[0:at]

    first, second = (
        keras.tree.map_structure(lambda part, which=which: half(part, which), structure) for which in (0, 1)
    )
    return first, second


def check_stateful_multiple(model: Any, number_of_samples: int | None, batch_size: int) -> None:
    """Raise if a stateful model would get a smaller batch at the end.

    Args:
        model: The model.
        number_of_samples: How many samples there are; `None` if that is not known.
        batch_size: Samples in a batch.

    Raises:
        ValueError: If the model has a layer that keeps its state from batch to batch, and the last batch would be
            smaller than the others.
    """
    if number_of_samples is None or number_of_samples % batch_size == 0:
        return
    layer = next((layer for layer in _layers(model) if getattr(layer, "stateful", False)), None)
    if layer is not None:
        raise ValueError(
            "A stateful model needs a number of samples that is a multiple of the batch size, since its layer "
            f"{layer.name!r} keeps one state for each sample of a batch. Expected a multiple of {batch_size} samples "
            f"in `x`. Received: {number_of_samples} samples"
        )


def _layers(layer: Any) -> Iterator[Any]:
    """Walk the layers within a layer, at any depth."""
    for inner in getattr(layer, "layers", ()):
        yield inner
        yield from _layers(inner)
