"""Names that `compile` does not know, refused before anything changes, with the names that were probably meant."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterable, Iterator
from typing import Any, Final

from kerastui.engine.keras_private import LOSSES, METRICS, OPTIMIZERS, keras

CHOSEN_BY_SHAPE: Final = ("crossentropy", "ce")
"""Names of a loss or metric that depends on the shapes of target and output, in lower case."""

ACCURACY: Final = ("accuracy", "acc")
"""Names of a metric that depends on the shapes of target and output, in lower case."""

_AT_MOST = 3


def nearest(name: str, known: Iterable[str]) -> tuple[str, ...]:
    """Find the names that a misspelt one may have been meant for.

    Args:
        name: As it was written.
        known: The names there are.

    Returns:
        At most three, the nearest first; case does not count.

    Example:
        >>> nearest("mean_squred_error", ["mean_squared_error", "hinge"])
        ('mean_squared_error',)
    """
    by_lower: dict[str, str] = {}
    for candidate in known:
        by_lower.setdefault(candidate.lower(), candidate)
    return tuple(by_lower[match] for match in difflib.get_close_matches(name.lower(), by_lower, n=_AT_MOST))


def by_likeness(name: str, known: Iterable[str]) -> list[str]:
    """Sort names, the nearest to `name` first."""
    return sorted(known, key=lambda candidate: -difflib.SequenceMatcher(None, name.lower(), candidate.lower()).ratio())


def check_optimizer(optimizer: Any) -> None:
    """Refuse an optimizer that Keras has not.

    Args:
        optimizer: As given to `compile`: a name, a configuration, an `Optimizer` or `None`.

    Raises:
        ValueError: If the name is unknown, or it is none of these.
    """
    if optimizer is None or isinstance(optimizer, keras.optimizers.Optimizer):
        return
    if isinstance(optimizer, (str, dict)):
        if isinstance(optimizer, str) and optimizer.lower() in OPTIMIZERS:
            return
        _look_up(keras.optimizers.get, optimizer, "optimizer", optimizer, OPTIMIZERS)
        return
    raise ValueError(
        "`optimizer` must be the name of an optimizer or an instance of `keras.optimizers.Optimizer`"
        f"{_not_a_class(optimizer)}. Received: optimizer={optimizer!r}"
    )


def check_loss(loss: Any) -> None:
    """Refuse a loss that Keras has not.

    Args:
        loss: As given to `compile`: names, functions, `Loss` objects or `None`, in any structure.

    Raises:
        ValueError: If a name is unknown, or it is none of these.
    """
    _check(loss, "loss", "a loss function", keras.losses.get, LOSSES, CHOSEN_BY_SHAPE)


def check_metrics(metrics: Any, argument: str = "metrics") -> None:
    """Refuse a metric that Keras has not.

    Args:
        metrics: As given to `compile`: names, functions, `Metric` objects or `None`, in any structure.
        argument: `"weighted_metrics"` if they are these.

    Raises:
        ValueError: If a name is unknown, or it is none of these.
    """
    _check(metrics, argument, "a metric", keras.metrics.get, METRICS, (*ACCURACY, *CHOSEN_BY_SHAPE))


def _check(
    value: Any, argument: str, kind: str, get: Callable[[Any], Any], known: Iterable[str], more: tuple[str, ...]
) -> None:
    for leaf in _leaves(value):
        if isinstance(leaf, str):
            if leaf not in known and leaf.lower() not in more:
                _look_up(get, leaf, argument, value, [*more, *sorted(known, key=str.swapcase)])
        elif leaf is not None and not callable(leaf):
            raise ValueError(
                f"`{argument}` must be the name of {kind}, a function `f(y_true, y_pred)` or an object of Keras's "
                f"class for it, or a list or dict of these. Received: {argument}={value!r}"
            )


def _look_up(get: Callable[[Any], Any], name: Any, argument: str, received: Any, known: Iterable[str]) -> None:
    """Ask Keras, which knows custom objects too."""
    try:
        get(name)
    except (ValueError, TypeError, KeyError) as error:
        names = nearest(str(name), known)
        meant = f" Did you mean {' or '.join(map(repr, names))}?" if names else ""
        raise ValueError(f"`{argument}`: Keras has no {name!r}.{meant} Received: {argument}={received!r}") from error


def _leaves(value: Any) -> Iterator[Any]:
    if isinstance(value, dict):
        value = value.values()
    elif not isinstance(value, (list, tuple)):
        yield value
        return
    for item in value:
        yield from _leaves(item)


def _not_a_class(optimizer: Any) -> str:
    return f", not the class: `{optimizer.__name__}()`" if isinstance(optimizer, type) else ""
