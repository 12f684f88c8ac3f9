"""Calls of five generations, sorted: which argument a positional value was meant for.

The order is that of Keras 3. A value that only an older order explains, by its type or by what it holds, goes where
that order puts it; docs/model.md lists the rules. Nothing here needs TensorFlow.
"""

from __future__ import annotations

import numbers
import warnings
from collections.abc import Iterator, Mapping, Set
from typing import Any, Final

from kerastui.engine.training.errors import UnknownArgumentError

LEGACY_COMPILE: Final = frozenset({"cloning", "experimental_run_tf_function", "run_distributed"})
"""Keywords that old versions of `compile` took and that change nothing today."""

SESSION_COMPILE: Final = frozenset({"feed_dict", "fetches", "options", "run_metadata"})
"""Keywords that Keras 2.3 handed on to the session of TensorFlow 1; there is none any more."""


def received(scope: Mapping[str, Any]) -> dict[str, Any]:
    """Give the arguments of a method by name.

    Args:
        scope: What `locals()` gives at its first line.

    Returns:
        All but the object itself and the keywords beyond those that have a name.
    """
    return {name: value for name, value in scope.items() if name not in ("self", "kwargs", "__class__")}


def leaves(value: Any) -> Iterator[Any]:
    """Walk the values at the ends of nested lists, tuples, sets and dicts."""
    if isinstance(value, Mapping):
        value = value.values()
    elif not isinstance(value, (list, tuple, Set)):
        yield value
        return
    for item in value:
        yield from leaves(item)


def compile_arguments(given: Mapping[str, Any], more: Mapping[str, Any]) -> dict[str, Any]:
    """Sort the arguments of `compile`.

    Args:
        given: The arguments of Keras 3 by name, as they were received.
        more: Keywords beyond those: of older generations, or unknown.

    Returns:
        The arguments of Keras 3, and `sample_weight_mode`, `target_tensors` and `pss_evaluation_shards`. An explicit
        `None` for `run_eagerly`, `steps_per_execution` or `jit_compile` has become what tf.keras meant by it.

    Raises:
        TypeError: If a keyword is unknown.
        ValueError: If a strategy is passed as `distribute`.
    """
    older = {"sample_weight_mode": None, "target_tensors": None, "distribute": None, "pss_evaluation_shards": 0}
    unknown = more.keys() - older.keys() - LEGACY_COMPILE - SESSION_COMPILE
    refuse_unknown("compile", {name: more[name] for name in sorted(unknown)}, [*given, *older])
    sorted_ = dict(given) | older | {name: value for name, value in more.items() if name in older}
    _sort_metrics_and_weights(sorted_)
    _sort_by_type(sorted_)
    _refuse_distribute(sorted_.pop("distribute"))
    if sorted_["steps_per_execution"] is None:
        sorted_["steps_per_execution"] = 1
    for name in ("run_eagerly", "jit_compile"):
        if sorted_[name] is None:
            sorted_[name] = False
    return sorted_


def _sort_metrics_and_weights(values: dict[str, Any]) -> None:
    """Put numbers into `loss_weights` and all else into `metrics`: until Keras 3 metrics came first."""
    weights, metrics = values["loss_weights"], values["metrics"]
    if _holds(weights, _is_metric) or (weights is None and _holds(metrics, _is_number)):
        values["loss_weights"], values["metrics"] = metrics, weights


def _sort_by_type(values: dict[str, Any]) -> None:
    """Move what stands where TF 2.0 and tf.keras 2.13 had other arguments."""
    if any(leaf == "temporal" for leaf in leaves(values["weighted_metrics"]) if isinstance(leaf, str)):
        values["sample_weight_mode"], values["weighted_metrics"] = values["weighted_metrics"], None
    if isinstance(values["run_eagerly"], (list, tuple, dict)):
        values["weighted_metrics"], values["run_eagerly"] = values["run_eagerly"], None
    if _is_tensor_like(values["steps_per_execution"]):
        values["target_tensors"], values["steps_per_execution"] = values["steps_per_execution"], None
    if hasattr(values["jit_compile"], "extended"):
        values["distribute"], values["jit_compile"] = values["jit_compile"], None
    scale = values["auto_scale_loss"]
    if scale == "auto" or (isinstance(scale, numbers.Integral) and not isinstance(scale, bool)):
        values["pss_evaluation_shards"], values["auto_scale_loss"] = scale, True


def _refuse_distribute(distribute: Any) -> None:
    if distribute is not None:
        raise ValueError(
            "`distribute` is not supported in `compile()`. Create and compile the model under `strategy.scope()` "
            f"instead. Received: distribute={distribute!r}"
        )


def _is_number(leaf: Any) -> bool:
    return isinstance(leaf, numbers.Number) and not isinstance(leaf, bool)


def _is_metric(leaf: Any) -> bool:
    return isinstance(leaf, str) or callable(leaf)


def _holds(value: Any, kind: Any) -> bool:
    """Tell whether there is something of this kind in a value, beside `None`, and nothing else."""
    found = [leaf for leaf in leaves(value) if leaf is not None]
    return bool(found) and all(map(kind, found))


def _is_tensor_like(value: Any) -> bool:
    if isinstance(value, (list, tuple, dict)):
        return any(hasattr(leaf, "shape") for leaf in leaves(value))
    return hasattr(value, "shape") and value.shape != ()


def fit_arguments(given: Mapping[str, Any], more: Mapping[str, Any]) -> dict[str, Any]:
    """Sort the arguments of `fit`.

    Args:
        given: The arguments of Keras 3, then `max_queue_size`, `workers` and `use_multiprocessing`, as received.
        more: Keywords beyond those.

    Returns:
        The same names. A collection where Keras 3 has `validation_batch_size` is `validation_freq`, as in TF 2.0.

    Raises:
        TypeError: If a keyword is unknown.
    """
    values = dict(given)
    more = dict(more)
    if "nb_epoch" in more:
        warnings.warn("`nb_epoch` is the old name of `epochs`.", DeprecationWarning, stacklevel=4)
        values["epochs"] = more.pop("nb_epoch")
    refuse_unknown("fit", more, [*values, "nb_epoch"])
    if isinstance(values["validation_batch_size"], (list, tuple, Set)):
        names = ("validation_batch_size", "validation_freq", "max_queue_size", "workers", "use_multiprocessing")
        freq, *shifted = (values[name] for name in names)
        values["validation_batch_size"], values["validation_freq"] = None, freq
        if shifted[0] != 1:  # a value in 16th place, where TF 2.0 had the queue's size
            values |= dict(zip(names[2:], shifted, strict=False))
    return values


def evaluate_arguments(given: Mapping[str, Any], more: Mapping[str, Any]) -> dict[str, Any]:
    """Sort the arguments of `evaluate`.

    Args:
        given: The arguments of Keras 3, then `max_queue_size`, `workers` and `use_multiprocessing`, as received.
        more: Keywords beyond those.

    Returns:
        The same names. A number where Keras 3 has `return_dict` is `max_queue_size`, as in tf.keras, and what follows
        it by position is `workers`, `use_multiprocessing`, `return_dict`.

    Raises:
        TypeError: If a keyword is unknown.
    """
    refuse_unknown("evaluate", more, list(given))
    values = dict(given)
    size = values["return_dict"]
    if isinstance(size, numbers.Integral) and not isinstance(size, bool):
        values["return_dict"] = False
        if values["max_queue_size"] is not None:
            values["return_dict"] = bool(values["use_multiprocessing"])
            values["use_multiprocessing"] = values["workers"]
            values["workers"] = values["max_queue_size"]
        values["max_queue_size"] = int(size)
    return values


def on_batch_flags(return_dict: bool, older: tuple[bool, ...], reset_metrics: bool) -> tuple[bool, bool]:
    """Sort the two flags that end the arguments of `train_on_batch` and `test_on_batch`.

    Args:
        return_dict: The first by position, which Keras 3 calls so; tf.keras had `reset_metrics` there.
        older: What follows by position: if there is one, the order is that of tf.keras.
        reset_metrics: The keyword.

    Returns:
        `return_dict` and `reset_metrics`.

    Raises:
        TypeError: If more than one value follows.
    """
    if len(older) > 1:
        raise TypeError(
            f"Too many positional arguments: expected at most one behind `reset_metrics`. Received: {older}"
        )
    return (older[0], return_dict) if older else (return_dict, reset_metrics)


def refuse_unknown(method: str, more: Mapping[str, Any], known: list[str]) -> None:
    """Raise for keywords that no generation has.

    Args:
        method: The method that was called.
        more: The keywords left over.
        known: The names that it has.

    Raises:
        TypeError: If there are any.
    """
    if more:
        received = ", ".join(f"{name}={value!r}" for name, value in more.items())
        raise UnknownArgumentError(
            f"`{method}()` got an unexpected keyword argument '{next(iter(more))}'. "
            f"Expected one of: {', '.join(known)}. Received: {received}"
        )


def should_validate(epoch: int, validation_freq: Any) -> bool:
    """Tell whether an epoch ends with a validation.

    Args:
        epoch: The epoch, from 0.
        validation_freq: Every how many epochs, or a collection of epochs counted from 1.

    Raises:
        ValueError: If it is neither a positive whole number nor a collection.
    """
    if isinstance(validation_freq, numbers.Integral) and not isinstance(validation_freq, bool):
        if int(validation_freq) > 0:
            return (epoch + 1) % int(validation_freq) == 0
    elif hasattr(validation_freq, "__contains__") and not isinstance(validation_freq, (str, bytes)):
        return epoch + 1 in validation_freq
    raise ValueError(
        "`validation_freq` must be a positive whole number or a collection of epochs such as [1, 2, 10]. "
        f"Received: validation_freq={validation_freq!r}"
    )
