"""What is being traced: a step of ours, in which faster operations stand in for some of Keras's, or anything else."""

from __future__ import annotations

from collections.abc import Callable
from contextvars import ContextVar
from functools import wraps
from typing import Any

_ours: ContextVar[bool] = ContextVar("kerastui_step_of_ours", default=False)


def fast_step(step: Callable[..., Any]) -> Callable[..., Any]:
    """Have a step run with the faster operations of `random.py` and `normalization.py`.

    Args:
        step: A function of a batch, to be traced.

    Returns:
        The same, faster. Models of stock Keras, trained beside, keep their operations.
    """

    @wraps(step)
    def fast(*args: Any) -> Any:
        token = _ours.set(True)
        try:
            return step(*args)
        finally:
            _ours.reset(token)

    return fast


def in_fast_step() -> bool:
    """Say whether what runs now is part of a fast step."""
    return _ours.get()
