"""The project document: plain frozen values that say everything about a project.

A graph keeps **layers** (a class and its configuration, later its weights) apart from **calls** (a layer applied to
inputs), as Keras's own functional model does: a shared layer is one layer with two calls. Every place that holds an
argument value (a layer's configuration, an optimizer, a loss, …) uses the same small set of values, `Value`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, TypeAlias

import msgspec

FORMAT = 1
"""Version of the file format that this program writes; a higher one is refused with a clear message."""


class Spec(msgspec.Struct, frozen=True):
    """Name a Keras object by class and arguments: a layer, an optimizer, a loss, an initializer, ….

    Args:
        class_name: Name of the public Keras class, say `"Dense"` or `"Adam"`.
        config: Constructor arguments that differ from the default, by name.
    """

    class_name: str
    config: Mapping[str, Value] = {}


Value: TypeAlias = "bool | int | float | str | tuple[Value, ...] | Spec | None"
"""What an argument can hold. A `Spec` stands for an object of its own, such as `L2(1e-4)`."""

Role: TypeAlias = Literal["input", "target", "weight", "ignore"]
Encoding: TypeAlias = Literal["none", "standardise", "scale", "one-hot", "label"]
Missing: TypeAlias = Literal["error", "drop", "mean", "median", "zero", "most-frequent", "category"]


Structure: TypeAlias = Literal["", "list", "dict"]
"""How a model takes or gives several tensors."""

MODEL = "Model"
"""Class of a layer that is a graph of the project itself."""


class Column(msgspec.Struct, frozen=True):
    """Say what one column of the data is for and how it becomes numbers.

    Args:
        role: `"input"`, `"target"`, `"weight"` (sample weight) or `"ignore"`.
        encoding: `"none"` (numbers as they are), `"standardise"` (zero mean, unit variance), `"scale"` (min to max
            becomes 0 to 1), `"one-hot"` or `"label"` (classes as integers from 0). Learned from the training part only.
        missing: What a missing value becomes; `"drop"` drops the row, `"category"` is a class of its own,
            `"error"` refuses to train.
        to: Id of the graph input, or name of the graph output, the column is bound to; `""` is the first one.
    """

    role: Role = "input"
    encoding: Encoding = "none"
    missing: Missing = "error"
    to: str = ""


class Split(msgspec.Struct, frozen=True):
    """Divide the rows into training, validation and test parts.

    Args:
        validation: Share of the rows for validation, 0 to below 1.
        test: Share of the rows kept aside for the final test, 0 to below 1.
        seed: Seed of the shuffle; the same seed gives the same parts.
        stratify: Keep the class shares of the first target alike in all parts.
    """

    validation: float = 0.2
    test: float = 0.0
    seed: int = 42
    stratify: bool = True


class Data(msgspec.Struct, frozen=True):
    """Bind a data source to the graph.

    Args:
        source: `"bundled:NAME"`, or a path, relative to the project's folder where it lies inside; `""` is none yet.
        columns: Columns of the source by name, in the source's order.
        split: How the rows are divided.
    """

    source: str = ""
    columns: Mapping[str, Column] = {}
    split: Split = Split()


class Input(msgspec.Struct, frozen=True):
    """Name an input of the graph.

    Args:
        shape: Shape of one sample, without the batch axis; `None` is an unknown size.
        dtype: Data type of the tensor.
        name: Name shown and given to Keras; `""` is the input's id.
    """

    shape: tuple[int | None, ...]
    dtype: str = "float32"
    name: str = ""


class Layer(msgspec.Struct, frozen=True):
    """Describe a layer: its class, its arguments and, in the trained model, one set of weights.

    Args:
        class_name: Name of a public `keras.layers` class; `"ops.NAME"` for a function of `keras.ops`; `"FILE.NAME"` for
            a class of the project's own code, `layers.ScaledTanh` in `layers.py`; `MODEL` for a graph of the project.
        config: Constructor arguments that differ from the default, by name; `name` is not among them. A `MODEL` has
            `model`, the id of its graph; a function its arguments that are no tensors.
        name: Name shown and given to Keras; `""` is the layer's id.
    """

    class_name: str
    config: Mapping[str, Value] = {}
    name: str = ""


class Call(msgspec.Struct, frozen=True):
    """Apply a layer to inputs.

    A value comes from a **source**: the id of an input or of a call, followed by `:` and the name of the output where a
    call has several (`"lstm:1"`, `"encoder:mean"`); without it, it is the first one.

    Args:
        layer: Id of the layer.
        inputs: Source of each input, in order.
        named: Sources of further tensors, by name of the argument that takes them: `initial_state`, `attention_mask`.
        arguments: Values that are no tensors, by name of the argument: `training`, `use_causal_mask`, a number that a
            function of `keras.ops` takes in place of a tensor.
    """

    layer: str
    inputs: tuple[str, ...] = ()
    named: Mapping[str, str | tuple[str, ...]] = {}
    arguments: Mapping[str, Value] = {}


class Graph(msgspec.Struct, frozen=True):
    """Hold a network: inputs, layers, calls of those layers, and outputs, each by a stable id.

    Inputs and calls share one namespace of ids, since both can be the source of a wire.

    Args:
        inputs: Inputs by id.
        layers: Layers by id.
        calls: Calls by id; the first call of a layer has the layer's id.
        outputs: The source each output takes its value from, by output name.
        takes: How the model takes its inputs: `""` is one tensor as it is, several in a list.
        gives: How the model gives its outputs: `""` is one tensor as it is, several in a dictionary by name.
    """

    inputs: Mapping[str, Input] = {}
    layers: Mapping[str, Layer] = {}
    calls: Mapping[str, Call] = {}
    outputs: Mapping[str, str] = {}
    takes: Structure = ""
    gives: Structure = ""


class Compile(msgspec.Struct, frozen=True):
    """Hold the arguments of `Model.compile`.

    Args:
        optimizer: Optimizer and its arguments.
        losses: Loss of each output, by output name.
        metrics: Metrics of each output, by output name.
        loss_weights: Weight of each output's loss in the sum, by output name; 1 where absent.
        jit_compile: `"auto"`, `True` or `False`.
        steps_per_execution: Batches run in one call of the compiled function.
        run_eagerly: Run layer by layer in Python, for debugging.
        model: Class of the project's own code that the whole model is made as, `layers.VAE`: a subclass of
            `kerastui.engine.Model`, with a train step of its own say. It may do without losses. `""` is Keras's own.
    """

    optimizer: Spec = Spec("Adam")
    losses: Mapping[str, Spec] = {}
    metrics: Mapping[str, tuple[Spec, ...]] = {}
    loss_weights: Mapping[str, float] = {}
    jit_compile: bool | Literal["auto"] = "auto"
    steps_per_execution: int = 1
    run_eagerly: bool = False
    model: str = ""


class Fit(msgspec.Struct, frozen=True):
    """Hold the arguments of `Model.fit`.

    Args:
        epochs: Passes over the training part.
        batch_size: Samples in one step.
        shuffle: Shuffle the training part before each epoch.
        validation_freq: Validate every so many epochs.
        seed: Seed of weights, shuffling and dropout; `None` is a new one each run.
        callbacks: Keras callbacks and their arguments, in order.
    """

    epochs: int = 20
    batch_size: int = 32
    shuffle: bool = True
    validation_freq: int = 1
    seed: int | None = 42
    callbacks: tuple[Spec, ...] = ()


class Project(msgspec.Struct, frozen=True):
    """Hold a whole project, the content of `kerastui.toml`.

    Args:
        name: Name of the project.
        data: Source, columns, split.
        graph: The network.
        compile: Arguments of `Model.compile`.
        fit: Arguments of `Model.fit`.
        layout: Cell position `(x, y)` of cards that were moved by hand, by place: the id of an input or call, in a
            model inside `MODEL/ID`.
        weights: HDF5 file of the weights that training starts from, by place of the layers, relative to the project's
            folder; `""` starts from new ones.
        weights_from: Path that a layer has in `weights`, by the place it has now, where it has another since; `./dense`
            and `../dense` are told from the path of the model that the place is in. No other layer takes those weights.
            `""` is of a layer that was added since: it starts from new ones.
        models: Graphs that layers of class `MODEL` apply, by id.
        notes: What somebody wrote on a card, by place as in `layout`.
        code: Files with layers, losses and metrics of the project's own beside `layers.py`, which always counts.
    """

    name: str
    data: Data = Data()
    graph: Graph = Graph()
    compile: Compile = Compile()
    fit: Fit = Fit()
    layout: Mapping[str, tuple[int, int]] = {}
    weights: str = ""
    weights_from: Mapping[str, str] = {}
    models: Mapping[str, Graph] = {}
    notes: Mapping[str, str] = {}
    code: tuple[str, ...] = ()
