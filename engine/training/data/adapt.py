"""Whatever is passed as data, as a Keras `DataAdapter`: what an epoch iterator reads."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from kerastui.engine.keras_private import (
    DataAdapter,
    get_data_adapter,
    is_grain_dataset,
    is_torch_dataloader,
    keras,
)
from kerastui.engine.training.data.arrays import ArrayAdapter, batch_size_for
from kerastui.engine.training.data.batch import BatchMaker
from kerastui.engine.training.data.class_weights import weigh
from kerastui.engine.training.data.conversion import as_arrays, number_of_samples
from kerastui.engine.training.data.creator import DatasetCreator
from kerastui.engine.training.data.datasets import DatasetAdapter, is_dataset, refuse_beside, refuse_endless, take_batch
from kerastui.engine.training.data.files import FileAdapter
from kerastui.engine.training.data.hdf5 import RowBatches, any_in_file, read_small
from kerastui.engine.training.data.sample_weights import match_targets
from kerastui.engine.training.data.sequences import SequenceAdapter
from kerastui.engine.training.data.streams import StreamAdapter
from kerastui.engine.training.data.workers import Workers, check_count

__all__ = ["Workers", "adapt", "take_batch"]


def adapt(
    x: Any,
    y: Any = None,
    sample_weight: Any = None,
    *,
    batch_size: int | None = None,
    steps: int | None = None,
    shuffle: bool | str = False,
    class_weight: Mapping[int, float] | None = None,
    workers: Workers = Workers(),  # noqa: B008 — frozen
    output_names: Sequence[str] | None = None,
    argument: str = "x",
) -> DataAdapter:
    """Make batches of data of any kind.

    Args:
        x: Inputs: arrays, tensors, pandas frames, HDF5 data sets, nested lists, in lists, tuples and dicts; or all of
            the data, with targets and weights: a `tf.data.Dataset`, a `keras.utils.PyDataset`, a generator or
            iterator, a `DatasetCreator`, a loader of PyTorch or Grain; or a Keras `DataAdapter`.
        y: Targets, for inputs as arrays. Defaults to `None`.
        sample_weight: Weights of the samples, shape `(samples,)` or finer, for inputs as arrays; for several outputs
            one array or one for each. Defaults to `None`.
        batch_size: Samples in a batch, for arrays; other data comes in batches. Defaults to `None`: 32, or what makes
            `steps` batches of them.
        steps: Batches in an epoch; -1 for no end. Defaults to `None`: all of the data, which must have an end.
        shuffle: For arrays, whether to take the samples in a new order each epoch, or with `"batch"` the batches; for
            a `PyDataset`, the batches. Of no effect for other data. Defaults to False.
        class_weight: Weight by class of the targets, which multiplies `sample_weight`. Defaults to `None`.
        workers: How a `PyDataset` or a generator is read. Defaults to nothing given.
        output_names: Names of the model's outputs. Defaults to `None`: unknown.
        argument: What messages call `x`. Defaults to `"x"`.

    Returns:
        The adapter. Where its `on_caller_thread` is true, `get_tf_dataset` gives a plain iterable, to be read in the
        thread that trains. An error in a generator or `PyDataset` is raised by `on_epoch_end`.

    Raises:
        ValueError: If the data is empty, does not fit together, or is of no kind known.

    Example:
        >>> adapt([[1.0], [2.0], [3.0]], [0, 1, 0], batch_size=2).num_batches
        2
    """
    check_count("batch_size", batch_size, least=1)
    check_count("steps", steps, least=1, endless=True)
    if isinstance(x, DataAdapter):
        return x
    if isinstance(x, DatasetCreator):
        refuse_beside("a `DatasetCreator`", y, sample_weight, argument)
        x = x.make()
    if is_dataset(x):
        refuse_beside("a `tf.data.Dataset`", y, sample_weight, argument)
        return DatasetAdapter(x, steps, class_weight, output_names, argument)
    make = BatchMaker(argument, class_weight, tuple(output_names) if output_names is not None else None)
    if isinstance(x, keras.utils.PyDataset):
        refuse_beside("a `keras.utils.PyDataset`", y, sample_weight, argument)
        if x.num_batches is None and steps is None:
            refuse_endless(argument)
        return SequenceAdapter(x, make, workers.for_dataset(x), bool(shuffle), argument)
    if isinstance(x, Iterator):
        refuse_beside("a generator", y, sample_weight, argument)
        return StreamAdapter(x, make, workers.for_stream(), argument)
    if is_torch_dataloader(x) or is_grain_dataset(x):
        return get_data_adapter(x, y, sample_weight, class_weight=class_weight)
    return _adapt_arrays((x, y, sample_weight), batch_size, steps, shuffle, make)


def _adapt_arrays(
    data: tuple[Any, Any, Any], batch_size: int | None, steps: int | None, shuffle: bool | str, make: BatchMaker
) -> DataAdapter:
    if isinstance(shuffle, str) and shuffle != "batch":
        raise ValueError(f"`shuffle` must be True, False or 'batch'. Received: shuffle={shuffle!r}")
    names = _names(make.name)
    x, y, weights = (read_small(as_arrays(part, name)) for part, name in zip(data, names, strict=True))
    if x is None:
        raise ValueError(f"`{make.name}` must be given. Received: {make.name}=None")
    given = {name: part for name, part in zip(names, (x, y, weights), strict=True) if part is not None}
    samples = number_of_samples(given)
    batch_size = batch_size_for(samples, batch_size, steps)
    if any_in_file((x, y, weights)):
        rows = RowBatches((x, y, weights), samples, batch_size, shuffle is True)
        return FileAdapter(rows, make, bool(shuffle), make.name)
    weights = match_targets(y, weights, make.output_names, names[2])
    if make.class_weight is not None:
        weights = weigh(y, make.class_weight, weights)
    packed = keras.utils.pack_x_y_sample_weight(x, y, weights) if weights is None or y is not None else (x, y, weights)
    return ArrayAdapter(packed, samples, batch_size, shuffle)


def _names(argument: str) -> tuple[str, str, str]:
    if argument == "x":
        return "x", "y", "sample_weight"
    return f"{argument}[0]", f"{argument}[1]", f"{argument}[2]"
