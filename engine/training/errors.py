"""What training refuses, as the kinds of error that the generations of Keras document."""

from __future__ import annotations


class NotCompiledError(RuntimeError, ValueError):
    """The model was trained or evaluated before `compile`.

    Keras 2 and tf.keras document a `RuntimeError`, Keras 3 raises a `ValueError`: this is both.

    Args:
        method: The method that was called.
    """

    def __init__(self, method: str) -> None:
        super().__init__(f"You must call `compile()` before `{method}()`. Received: a model that was never compiled.")


class InsideFunctionError(RuntimeError):
    """A method that runs a loop of its own was called while a `tf.function` was traced.

    Args:
        method: The method that was called.
    """

    def __init__(self, method: str) -> None:
        super().__init__(
            f"`{method}()` cannot run inside a `tf.function`: it compiles its own. "
            f"Call `{method}()` from plain Python, or write the steps with `model(x)` and `tf.GradientTape`."
        )


class UnknownArgumentError(TypeError, ValueError):
    """A keyword that no generation has; Python's own `TypeError`, and the `ValueError` of Keras 3."""
