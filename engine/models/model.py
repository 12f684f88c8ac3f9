"""`Model` and `Functional`: Keras's models with this project's training and saving."""

from __future__ import annotations

import os
import types
from collections.abc import Callable, Mapping
from typing import Any, cast

from kerastui.engine import keras_extended as keras_extended  # applies its additions to Keras
from kerastui.engine import keras_private
from kerastui.engine.keras_private import KerasFunctional, functional_init_arguments, keras, origin, our_classes
from kerastui.engine.models import symbolic
from kerastui.engine.models import tensorflow_ops as tensorflow_ops  # has TensorFlow's functions take symbolic tensors
from kerastui.engine.models.building import Building
from kerastui.engine.models.inputs import bound_inputs
from kerastui.engine.models.members import Members
from kerastui.engine.models.summarising import Summarising
from kerastui.engine.saving import exporting, weights
from kerastui.engine.saving.save_spec import SaveSpec
from kerastui.engine.saving.writing import save_model
from kerastui.engine.training.trainer import Trainer

_KEYWORDS = frozenset(
    {"activity_regularizer", "autocast", "dtype", "dynamic", "input_dim", "input_shape", "name", "trainable"}
)


class Model(Summarising, Building, SaveSpec, Members, Trainer, keras.Model):  # type: ignore[misc]  # Keras ships no types
    """A `keras.Model`, built from inputs and outputs or by writing a subclass.

    `Model(inputs, outputs)` gives a `Functional`. A subclass may do the same through
    `super().__init__(inputs=…, outputs=…)`, or write `call`. All of them live side by side.

    Args:
        *args: For a functional model `inputs` and `outputs`, symbolic tensors or structures of them, and maybe `name`.
        **kwargs: `inputs`, `outputs`, and for any model `name` (str) and `trainable` (bool, default True); for one
            without inputs also `dtype`, `activity_regularizer`, `autocast` and `dynamic` (bool, default False), which
            has it run eagerly only.

    Raises:
        TypeError: If a keyword is none of these.

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
        args, kwargs = _without_third(args, kwargs)
        if cls is Model and functional_init_arguments(args, kwargs):
            return Functional.__new__(Functional, *args, **kwargs)
        # Keras's `Model` drops the arguments on the way to `Layer`, which notes them down for `get_config`: a subclass
        # would be saved with the defaults of its constructor, whatever it was made with.
        return cast(Model, keras.layers.Layer.__new__(cls, *args, **kwargs))

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        args, kwargs = _without_third(args, kwargs)
        if not functional_init_arguments(args, kwargs):
            _check_keywords(type(self), kwargs, _KEYWORDS)
            dynamic = kwargs.pop("dynamic", False)
            super().__init__(*args, **kwargs)
            self._dynamic = bool(dynamic)
            return
        # Keras would rewrite the `__bases__` of the class and of all its bases, which turns `Model` itself and every
        # other subclass functional. This object alone gets a class that is both.
        object.__setattr__(self, "__class__", _functional_class(type(self)))
        Functional.__init__(cast(Functional, self), *args, **kwargs)

    def __reduce__(self) -> tuple[Callable[[Any], Any], tuple[Any, ...]]:
        # Keras names a method of the class, which pickle cannot find where `__init__` above made the class.
        return keras_private.load_archive, super().__reduce__()[1]

    def _bound_inputs(self) -> Any:
        return bound_inputs(self)

    @classmethod
    def from_config(cls, config: dict[str, Any], custom_objects: Mapping[str, Any] | None = None) -> Any:
        """Make a model from what `get_config` returned; models nested in it become ours too.

        Args:
            config: The configuration. It may be changed.
            custom_objects: Classes and functions by name, for those that Keras does not know. Defaults to `None`.

        Returns:
            A model of this class, with new weights, not compiled.
        """
        if cls in (Model, Functional) and "input_layers" in config:
            # Others come from other libraries or versions, which stock Keras reads past as well.
            config = {key: value for key, value in config.items() if key in _FUNCTIONAL_CONFIG}
        with our_classes():
            if symbolic.LOSSES in config:
                return symbolic.revive(cls, config, custom_objects)
            return super().from_config(config, custom_objects=custom_objects)

    def save(
        self,
        filepath: str | os.PathLike[str],
        overwrite: bool = True,
        include_optimizer: bool | str | None = True,
        save_format: str | None = None,
        signatures: Any = None,
        options: Any = None,
        save_traces: bool = True,
        *,
        zipped: bool | None = None,
    ) -> None:
        """Write architecture, weights, compilation and optimizer state to a file that any Keras 3 opens.

        It is written beside its place and then put there in one move: whatever fails, disk full included, what was
        there before is whole.

        Args:
            filepath: Where to write. `.keras` is Keras's archive, `.h5` and `.hdf5` its old format, anything else the
                folder of a SavedModel.
            overwrite: Whether to replace what is there without asking on the terminal. Defaults to True.
            include_optimizer: Whether optimizer and compilation are written; without them the model comes back
                uncompiled. A name or `None` here is `save_format`, as in tf.keras 2.13. Defaults to True.
            save_format: `"keras"`, `"h5"` or `"tf"`, whatever the suffix. Defaults to `None`: as the suffix says.
            signatures: For a SavedModel: a `tf.function`, or a dict of them by name. Defaults to `None`, which serves
                the model as `serving_default`.
            options: For a SavedModel: `tf.saved_model.SaveOptions`. Defaults to `None`.
            save_traces: Accepted for the sake of old calls; a SavedModel always holds the model's function. Defaults
                to True.
            zipped: False writes the `.keras` archive unzipped, as a folder. Defaults to `None`, which zips unless the
                path is `hf://…`.

        Raises:
            ValueError: If the format is unknown, or a SavedModel is asked of a model whose inputs are not known.
            FileExistsError: If something is there, `overwrite` is False and nobody can be asked.
            OSError: If it cannot be written.

        Example:
            >>> model.save("digits.keras")  # doctest: +SKIP
        """
        save_model(
            self, filepath, overwrite, include_optimizer, save_format, signatures, options, save_traces, zipped=zipped
        )

    def export(
        self,
        filepath: str | os.PathLike[str],
        format: str = "tf_saved_model",  # noqa: A002 — Keras's name
        verbose: bool | None = None,
        input_signature: Any = None,
        verify: Any = None,
        **kwargs: Any,
    ) -> float | None:
        """Write the model for inference, to be run without Keras.

        Args:
            filepath: Where to write: a folder, or for LiteRT a `.tflite`, for OpenVINO an `.xml` file.
            format: `"tf_saved_model"`, with the endpoint `serve`; `"onnx"`, `"litert"` or `"openvino"`. Defaults to
                `"tf_saved_model"`.
            verbose: Whether to say where it was written. Defaults to `None`, which is what Keras does.
            input_signature: Shapes and dtypes of the inputs, as `keras.InputSpec` or `tf.TensorSpec`. Defaults to
                `None`: those of the model.
            verify: Samples as `predict` takes them; what was written is run on them. Defaults to `None`: it is not.
            **kwargs: For the exporter of the format, as `opset_version` of ONNX, or `optimizations`,
                `representative_dataset` and `target_spec` of LiteRT.

        Returns:
            The largest absolute difference to the model's own outputs; `None` without `verify`.

        Raises:
            ValueError: If the format is unknown, or the inputs of the model are not known.
            ImportError: If the library of the format is not installed.
            OSError: If it cannot be written; what was there before is whole.

        Example:
            >>> model.export("digits.onnx", format="onnx", verify=samples)  # doctest: +SKIP
        """
        return exporting.export(
            self, filepath, format, verify, verbose=verbose, input_signature=input_signature, **kwargs
        )

    def save_weights(
        self,
        filepath: str | os.PathLike[str],
        overwrite: bool = True,
        save_format: str | None = None,
        options: Any = None,
    ) -> None:
        """Write the weights of all layers; what was there before is whole if that fails.

        Args:
            filepath: Where to write. `.weights.h5` is the layout of Keras 3, optimizer included; `.h5`, `.hdf5` and
                `.keras` are the HDF5 layout before, with `layer_names`; anything else is the prefix of a TensorFlow
                checkpoint, optimizer included.
            overwrite: Whether to replace what is there without asking on the terminal. Defaults to True.
            save_format: `"h5"` (also `"hdf5"`, `"keras"`) or `"tf"` (also `"tensorflow"`). Defaults to `None`: as the
                suffix says.
            options: For a checkpoint: `tf.train.CheckpointOptions`. Defaults to `None`.

        Raises:
            ValueError: If the format is unknown or contradicts the suffix, or the model is not built.
            OSError: If it cannot be written, or `overwrite=False` and nobody can be asked.

        Example:
            >>> model.save_weights("digits.weights.h5")  # doctest: +SKIP
        """
        weights.save_weights(self, filepath, overwrite, save_format, options)

    def load_weights(
        self,
        filepath: str | os.PathLike[str],
        skip_mismatch: bool = False,
        by_name: bool = False,
        options: Any = None,
    ) -> Any:
        """Load weights that any Keras wrote, in whatever format the file is; if they do not fit, nothing changes.

        Args:
            filepath: An HDF5 file of weights or of a whole model, a `.keras` archive, the prefix of a TensorFlow
                checkpoint, or the folder of a SavedModel.
            skip_mismatch: Whether to pass over layers whose weights do not fit, with a warning for each. Defaults to
                False.
            by_name: Whether to load the layers whose names are the same, in whatever order; only for HDF5 files with
                `layer_names`. Defaults to False, which goes by order.
            options: For a checkpoint: `tf.train.CheckpointOptions`. Defaults to `None`.

        Returns:
            For a checkpoint or SavedModel the status of `tf.train.Checkpoint.read`, with `expect_partial` and
            `assert_consumed`; else `None`.

        Raises:
            ValueError: If a layer does not fit, which is named with both shapes; if the format is unknown, or has no
                names to go by; or if the model is not built.
            OSError: If there is no such file, or it cannot be read.

        Example:
            >>> model.load_weights("digits.weights.h5")  # doctest: +SKIP
        """
        return weights.load_weights(self, filepath, skip_mismatch, by_name, options)


class Functional(symbolic.GraphAdditions, Model, KerasFunctional):  # type: ignore[misc]  # Keras ships no types
    """A model given by its inputs and outputs; what `Model(inputs, outputs)` returns.

    Args:
        inputs: Symbolic tensor, or list or dict of them: from `Input`, or from the middle of another model.
        outputs: Symbolic tensor, or list or dict of them, computed from `inputs`.
        name: Name of the model. Defaults to `None`, which makes one.
        **kwargs: `trainable` (bool, default True).

    Attributes:
        output_names: One name for each output: that of its layer, and if a layer has several, `out`, `out_1`, ….

    Raises:
        ValueError: If an input or output is no symbolic tensor, or the outputs cannot be reached from the inputs.
        TypeError: If a keyword is unknown.

    Example:
        >>> import keras
        >>> from kerastui.engine import Functional, Input
        >>> inputs = {"a": Input((3,), name="a"), "b": Input((3,), name="b")}
        >>> model = Functional(inputs, {"sum": keras.layers.Add()([inputs["a"], inputs["b"]])})
    """

    def __init__(self, inputs: Any, outputs: Any, name: str | None = None, **kwargs: Any) -> None:
        if type(self) is Functional:
            _check_keywords(Functional, kwargs, {"trainable"})
        # By name, since `super()` is `Model`, which would come back here. Keras compares this signature with its own.
        KerasFunctional.__init__(self, inputs, outputs, name=name, **kwargs)
        self.output_names: list[str] = _unique([origin(tensor)[0].name for tensor in self.outputs])
        self._take_carried()

    build = KerasFunctional.build
    compute_output_shape = KerasFunctional.compute_output_shape


keras_private.take_place_of("keras.Model", Model)
keras_private.take_place_of("keras.src.models.functional.Functional", Functional)


_FUNCTIONAL_CONFIG = frozenset(
    {"name", "trainable", "layers", "input_layers", "output_layers", symbolic.LOSSES, symbolic.METRICS}
)


def _without_third(args: tuple[Any, ...], kwargs: dict[str, Any]) -> tuple[tuple[Any, ...], dict[str, Any]]:
    """Take a name behind inputs and outputs, as Keras 2 did; Keras 3 takes three arguments for a subclass's own."""
    symbolic_first = len(args) == 3 and any(isinstance(x, keras.KerasTensor) for x in keras.tree.flatten(args[0]))
    if not symbolic_first or not (args[2] is None or isinstance(args[2], str)) or "name" in kwargs:
        return args, kwargs
    return args[:2], {**kwargs, "name": args[2]}


def _check_keywords(cls: type, kwargs: dict[str, Any], known: frozenset[str] | set[str]) -> None:
    unknown = {name: value for name, value in kwargs.items() if name not in known}
    if unknown:
        given = ", ".join(f"{name}={value!r}" for name, value in unknown.items())
        raise TypeError(f"`{cls.__name__}` takes inputs and outputs, or of {sorted(known)}. Received also: {given}")


def _unique(names: list[str]) -> list[str]:
    """Number the names that occur again, in order, with numbers that no layer's own name has."""
    taken, unique = set(names), list[str]()
    for name in names:
        number = 0
        new = name
        while new in unique or (number and new in taken):
            number += 1
            new = f"{name}_{number}"
        unique.append(new)
    return unique


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
