"""`Sequential`: a stack of layers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from kerastui.engine import keras_private
from kerastui.engine.keras_private import KerasFunctional, keras, our_classes
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

    def add(self, layer: Any, rebuild: bool = True) -> None:
        """Put a layer on top.

        Args:
            layer: The layer.
            rebuild: Whether a stack that is built stays so. Defaults to True.

        Raises:
            ValueError: If it is not a layer, has the name of another one, or does not take what is below it.
        """
        graph = self._functional if rebuild and self.built and "_top" not in self.__dict__ else None
        top = self.__dict__.pop("_top", None if graph is None else graph._outputs_struct)
        keras.Sequential.add(self, layer, rebuild=rebuild and top is None)
        if not rebuild or top is None:
            return
        # Keras calls all layers anew and makes a graph of them at each one: a thousand would take minutes.
        try:
            with self._open_name_scope():
                top = self._layers[-1](top)
        except Exception:
            self._maybe_rebuild()  # has the words for it
            return
        del self._functional
        self.__dict__["_top"] = top
        self.built = True

    def __getattr__(self, name: str) -> Any:
        """Make the graph of the layers that were added when it is first asked for."""
        if name != "_functional" or "_top" not in self.__dict__:
            return object.__getattribute__(self, name)  # to say what is the matter with it
        graph = KerasFunctional(self._layers[0].output, self.__dict__["_top"])
        del self.__dict__["_top"]  # first, since setting an attribute looks at what it was
        self._functional = graph
        return graph

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

    @classmethod
    def from_config(cls, config: dict[str, Any], custom_objects: Mapping[str, Any] | None = None) -> Any:
        """Make a model from what `get_config` returned; models nested in it become ours too.

        Args:
            config: The configuration.
            custom_objects: Classes and functions by name, for those that Keras does not know. Defaults to `None`.

        Returns:
            A model of this class, with new weights, not compiled.
        """
        if cls.add is not Sequential.add:
            return super().from_config(config, custom_objects)
        with our_classes():
            revived = keras.Sequential.from_config.__func__(_Layers, config, custom_objects)
        model = cls(name=revived.name)
        # Keras builds the stack anew at each layer: a thousand layers would be called half a million times.
        for layer in revived.layers:
            model.add(layer, rebuild=False)
        if revived.layers:
            model._maybe_rebuild()
        shape = config.get("build_input_shape")
        if not model._functional and shape and isinstance(shape, (tuple, list)):
            model.build(shape)
        return model

    compute_output_shape = keras.Sequential.compute_output_shape


class _Layers:
    """What Keras revives the layers of a stack into."""

    _functional = True  # so that nothing is built

    def __init__(self, name: str) -> None:
        self.name = name
        self.layers: list[Any] = []

    def add(self, layer: Any) -> None:
        self.layers.append(layer)


keras_private.take_place_of("keras.Sequential", Sequential)
