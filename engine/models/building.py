"""Make the weights of a subclassed model from the shapes of its inputs alone, and call it with them."""

from __future__ import annotations

import inspect
from typing import Any

import tensorflow as tf

from kerastui.engine.keras_private import (
    KerasFunctional,
    as_if_not_overridden,
    keras,
    might_have_unbuilt_state,
    run_symbolically,
)

__all__ = ["Building"]


class Building:
    """`build` and `compute_output_shape` from shapes, and `call` with several tensors; for models that are no graph."""

    _is_called_for_building = False

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Call the model.

        Args:
            *args: As `call` takes them. Where `call` needs several tensors, one list or tuple of as many does as well:
                that is how training, which knows one `x`, hands them over.
            **kwargs: As `call` takes them, and `training` (bool) and `mask`.

        Returns:
            What `call` returns.
        """
        return super().__call__(*self._spread(args, kwargs), **kwargs)  # type: ignore[misc]  # Keras's method

    def _spread(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> tuple[Any, ...]:
        """Spread one list over the required arguments of `call` if there are as many, and more than one."""
        if len(args) != 1 or not isinstance(args[0], (list, tuple)) or len(args[0]) < 2:
            return args
        required = [
            parameter.name
            for parameter in vars(self)["_call_signature"].parameters.values()
            if parameter.kind in (parameter.POSITIONAL_ONLY, parameter.POSITIONAL_OR_KEYWORD)
            and parameter.default is inspect.Parameter.empty
        ]
        fits = len(required) == len(args[0]) and not {*required} & {*kwargs, "training", "mask"}
        return tuple(args[0]) if fits else args

    @as_if_not_overridden
    def build(self, input_shape: Any) -> None:
        """Make the weights of a subclassed model, in the place of calling it on data.

        Args:
            input_shape: A shape: a tuple of integers and `None`, or a `tf.TensorShape`; or a list or dictionary of
                shapes, as `call` takes tensors. The first axis is the batch. Inputs are taken to be of the type that
                the model computes in.

        Raises:
            ValueError: If `input_shape` is none of these, or `call` cannot run on such inputs alone.

        Example:
            >>> model.build((None, 64))  # doctest: +SKIP
        """
        if self._is_called_for_building or isinstance(self, KerasFunctional):
            # By Keras on the first call, after it has made the weights by running `call` itself; or for a subclass that
            # became a graph on the way, since Keras binds `build` when an object is made.
            self.built = True
            return
        shapes = plain_shapes(input_shape)
        if not getattr(self, "built", False) or might_have_unbuilt_state(self):
            self._output_spec(shapes)
        self.built = True

    def _maybe_build(self, call_spec: Any) -> None:
        vars(self)["_is_called_for_building"] = True
        try:
            super()._maybe_build(call_spec)  # type: ignore[misc]  # Keras's method
        finally:
            vars(self)["_is_called_for_building"] = False

    def get_build_config(self) -> dict[str, Any] | None:
        """Give the shapes the model was built for, as tuples, lists and dictionaries."""
        config: dict[str, Any] | None = super().get_build_config()  # type: ignore[misc]  # Keras's method
        if config is None or config.get("input_shape") is None:
            return config
        return {**config, "input_shape": plain_shapes(config["input_shape"])}

    @as_if_not_overridden
    def compute_output_shape(self, input_shape: Any) -> Any:
        """Say which shape the outputs have for inputs of some shape. It makes the weights if there are none yet.

        Args:
            input_shape: As for `build`.

        Returns:
            A shape as a tuple, or a structure of such as `call` returns tensors.

        Raises:
            ValueError: As `build` does.
        """
        if not getattr(self, "built", False):
            self.build(input_shape)
        outputs = self._output_spec(plain_shapes(input_shape))
        return keras.tree.map_structure(lambda output: tuple(output.shape), outputs)

    def _output_spec(self, shapes: Any) -> Any:
        model: Any = self
        inputs = keras.tree.map_shape_structure(
            lambda shape: keras.KerasTensor(shape, dtype=model.input_dtype, record_history=False), shapes
        )
        try:
            return run_symbolically(model.call, *self._spread((inputs,), {}))
        except Exception as error:
            raise ValueError(
                f"The model '{model.name}' cannot be built from shapes: its `call` fails on symbolic inputs of type "
                f"{model.input_dtype}. Call it on data instead. Received: input_shape={shapes}. {error}"
            ) from error


def plain_shapes(shapes: Any) -> Any:
    """Give shapes as tuples within lists and dictionaries.

    Args:
        shapes: A shape as a tuple, list or `tf.TensorShape`, or a list, tuple or dictionary of shapes.

    Returns:
        The same, with each shape a tuple of integers and `None`.

    Raises:
        ValueError: If it is none of these.
    """
    if isinstance(shapes, tf.TensorShape) and shapes.rank is not None:
        return tuple(shapes.as_list())
    if isinstance(shapes, dict):
        return {name: plain_shapes(shape) for name, shape in shapes.items()}
    if isinstance(shapes, (list, tuple)):
        if all(size is None or isinstance(size, int) for size in shapes):
            return tuple(shapes)
        return [plain_shapes(shape) for shape in shapes]
    raise ValueError(
        "`input_shape` must be a tuple of integers and None, a `tf.TensorShape` of known rank, or a list or "
        f"dictionary of these. Received: input_shape={shapes!r} (of type {type(shapes).__name__})"
    )
