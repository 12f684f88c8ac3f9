"""`Model` and `Functional`: Keras's models with this project's training and saving."""

from __future__ import annotations

import os
import types
from collections.abc import Callable, Mapping
from typing import Any, cast

from kerastui.engine import keras_private
from kerastui.engine.files import replacing
from kerastui.engine.keras_private import KerasFunctional, functional_init_arguments, keras, our_classes
from kerastui.engine.training.trainer import Trainer


class Model(Trainer, keras.Model):  # type: ignore[misc]  # Keras ships no types
    """A `keras.Model`, built from inputs and outputs or by writing a subclass.

    `Model(inputs, outputs)` gives a `Functional`. A subclass may do the same through
    `super().__init__(inputs=…, outputs=…)`, or write `call`. All of them live side by side.

    Args:
        *args: `inputs` and `outputs`, symbolic tensors or lists or dicts of them, for a functional model.
        **kwargs: `inputs`, `outputs`, and for any model `name` (str), `trainable` (bool, default True) and `dtype`.

    Example:
        >>> import keras
        >>> from kerastui.engine import Input, Model
        >>> inputs = Input((64,))
        >>> hidden = keras.layers.Dense(32, activation="relu")(inputs)
        >>> model = Model(inputs, keras.layers.Dense(10)(hidden))
        >>> model.output_shape
        (None, 10)
    """

    def __new__(cls, *args: Any, **kwargs: Any) -> Model:
        """Give a `Functional` for `Model(inputs, outputs)`."""
        if cls is Model and functional_init_arguments(args, kwargs):
            return Functional.__new__(Functional, *args, **kwargs)
        return cast(Model, super().__new__(cls, *args, **kwargs))

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        if not functional_init_arguments(args, kwargs):
            super().__init__(*args, **kwargs)
            return
        # Keras would rewrite the `__bases__` of the class and of all its bases, which turns `Model` itself and every
        # other subclass functional. This object alone gets a class that is both.
        object.__setattr__(self, "__class__", _functional_class(type(self)))
        Functional.__init__(cast(Functional, self), *args, **kwargs)

    def __reduce__(self) -> tuple[Callable[[Any], Any], tuple[Any, ...]]:
        # Keras names a method of the class, which pickle cannot find where `__init__` above made the class.
        return keras_private.load_archive, super().__reduce__()[1]

    @classmethod
    def from_config(cls, config: dict[str, Any], custom_objects: Mapping[str, Any] | None = None) -> Any:
        """Make a model from what `get_config` returned; models nested in it become ours too.

        Args:
            config: The configuration. It may be changed.
            custom_objects: Classes and functions by name, for those that Keras does not know. Defaults to `None`.

        Returns:
            A model of this class, with new weights, not compiled.
        """
        with our_classes():
            return super().from_config(config, custom_objects=custom_objects)

    def save(
        self, filepath: str | os.PathLike[str], overwrite: bool = True, zipped: bool | None = None, **kwargs: Any
    ) -> None:
        """Write architecture, weights, compilation and optimizer state to a file that any Keras 3 opens.

        A `.keras` file is written beside its place and then put there in one move: whatever fails, disk full
        included, the file that was there before is whole.

        Args:
            filepath: Where to write. Ends in `.keras`, or in `.h5` for Keras's old format; a folder if `zipped=False`.
            overwrite: Whether to replace an existing file without asking on the terminal. Defaults to True.
            zipped: False writes an unzipped folder. Defaults to `None`, which zips unless the path is `hf://…`.
            **kwargs: `include_optimizer` (bool, default True), for `.h5`.

        Raises:
            ValueError: If the extension is none of these.
            OSError: If the file cannot be written.

        Example:
            >>> model.save("digits.keras")  # doctest: +SKIP
        """
        path = os.fspath(filepath)
        if not path.endswith(".keras") or "://" in path or zipped is False:
            with keras_private.compilation_kept(self):
                super().save(filepath, overwrite=overwrite, zipped=zipped, **kwargs)
        elif overwrite or not os.path.exists(path) or keras_private.ask_to_proceed_with_overwrite(path):
            with replacing(path) as temporary:
                super().save(temporary, zipped=zipped, **kwargs)


class Functional(Model, KerasFunctional):  # type: ignore[misc]  # Keras ships no types
    """A model given by its inputs and outputs; what `Model(inputs, outputs)` returns.

    Args:
        inputs: Symbolic tensor, or list or dict of them: from `Input`, or from the middle of another model.
        outputs: Symbolic tensor, or list or dict of them, computed from `inputs`.
        name: Name of the model. Defaults to `None`, which makes one.
        **kwargs: `trainable` (bool, default True).

    Raises:
        ValueError: If an input or output is no symbolic tensor, or the outputs cannot be reached from the inputs.

    Example:
        >>> import keras
        >>> from kerastui.engine import Functional, Input
        >>> inputs = {"a": Input((3,), name="a"), "b": Input((3,), name="b")}
        >>> model = Functional(inputs, {"sum": keras.layers.Add()([inputs["a"], inputs["b"]])})
    """

    def __init__(self, inputs: Any, outputs: Any, name: str | None = None, **kwargs: Any) -> None:
        # By name, since `super()` is `Model`, which would come back here. Keras compares this signature with its own.
        KerasFunctional.__init__(self, inputs, outputs, name=name, **kwargs)


keras_private.take_place_of("keras.Model", Model)
keras_private.take_place_of("keras.src.models.functional.Functional", Functional)


def _functional_class(cls: type) -> type:
    """Give the class that is `cls` and `Functional`; the same one each time, kept on `cls`."""
    if issubclass(cls, Functional):
        return cls
    made: type | None = vars(cls).get("_functional_class")
    if made is None:
        names = {name: getattr(cls, name) for name in ("__module__", "__qualname__", "__doc__")}
        made = types.new_class(cls.__name__, (cls, Functional), exec_body=lambda body: body.update(names))
        keras_private.inherit_registered_name(made, cls)
        cls._functional_class = made  # type: ignore[attr-defined]
    return made
