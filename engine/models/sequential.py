"""`Sequential`: a stack of layers."""

from __future__ import annotations

from typing import Any

from kerastui.engine import keras_private
from kerastui.engine.keras_private import keras
from kerastui.engine.models.building import plain_shapes
from kerastui.engine.models.model import Model


class Sequential(Model, keras.Sequential):  # type: ignore[misc]  # Keras ships no types
    """A stack of layers, each with one input and one output. `add` and `pop` change it.

    Args:
        layers: The layers, first to last; an `Input` in front has them built at once, else the first data does.
            Defaults to `None`: empty.
        trainable: Whether training changes the weights. Defaults to True.
        name: Name of the model. Defaults to `None`, which makes one.

    Raises:
        ValueError: If two layers have the same name, or something is not a layer.

    Example:
        >>> import keras
        >>> from kerastui.engine import Input, Sequential
        >>> model = Sequential([Input((64,)), keras.layers.Dense(10)])
        >>> model.output_shape
        (None, 10)
    """

    def __init__(self, layers: Any = None, trainable: bool = True, name: str | None = None) -> None:
        # By name, since `super()` is `Model`, which would take two positional arguments for inputs and outputs.
        keras.Sequential.__init__(self, layers, trainable=trainable, name=name)

    def build(self, input_shape: Any = None) -> None:
        """Make the weights for inputs of some shape.

        Args:
            input_shape: A shape as a tuple of integers and `None` or a `tf.TensorShape`. A stack whose first layer
                takes several tensors is built by its first data. Defaults to `None`: so is this one.

        Raises:
            ValueError: If it is not a shape or structure of shapes, there are no layers, or the stack is for inputs of
                another shape already.
        """
        keras.Sequential.build(self, None if input_shape is None else plain_shapes(input_shape))

    compute_output_shape = keras.Sequential.compute_output_shape


keras_private.take_place_of("keras.Sequential", Sequential)
