"""The project as plain dictionaries, exactly as they stand in `kerastui.toml`, and back.

A `Spec` and a layer become one flat table, `{"class": "Dense", "units": 64}`: `class` is a Python keyword, so no
argument can be called so. TOML has no null: a missing value is `{"none": true}`, an unknown size in a shape is -1
(as in TensorFlow's `TensorShapeProto`). Arguments are sorted, so that the order of edits leaves no trace.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Literal, TypeAlias, TypeVar

import msgspec

from kerastui.engine.project.document import (
    FORMAT,
    Call,
    Column,
    Compile,
    Data,
    Fit,
    Graph,
    Input,
    Layer,
    Project,
    Spec,
    Split,
    Structure,
    Value,
)

Plain: TypeAlias = dict[str, Any]
T = TypeVar("T")
NONE = {"none": True}


class DocumentError(ValueError):
    """Say what in a project's plain form is not as it must be.

    Args:
        message: What is wrong and what is expected.
        path: Keys that lead to the place.
    """

    def __init__(self, message: str, path: tuple[str, ...] = ()) -> None:
        super().__init__(message)
        self.path = path


def value_to_plain(value: Value) -> Any:
    """Turn an argument value into what TOML can hold."""
    if value is None:
        return dict(NONE)
    if isinstance(value, Spec):
        return spec_to_plain(value)
    if isinstance(value, tuple):
        return [value_to_plain(item) for item in value]
    return value


def spec_to_plain(spec: Spec) -> Plain:
    """Turn a `Spec` into one flat table with its arguments sorted."""
    return {"class": spec.class_name, **{key: value_to_plain(spec.config[key]) for key in sorted(spec.config)}}


def to_plain(project: Project) -> Plain:
    """Turn a project into nested dictionaries of TOML values, in the file's order."""
    graph, build = project.graph, project.compile
    return {
        "format": FORMAT,
        "name": project.name,
        **({"weights": project.weights} if project.weights else {}),
        **({"code": list(project.code)} if project.code else {}),
        "data": {
            "source": project.data.source,
            "split": msgspec.to_builtins(project.data.split),
            "columns": {name: _column_to_plain(column) for name, column in project.data.columns.items()},
        },
        "graph": graph_to_plain(graph),
        **({"models": {key: graph_to_plain(each) for key, each in project.models.items()}} if project.models else {}),
        "compile": {
            **({"model": build.model} if build.model else {}),
            "jit_compile": build.jit_compile,
            "steps_per_execution": build.steps_per_execution,
            "run_eagerly": build.run_eagerly,
            "optimizer": spec_to_plain(build.optimizer),
            "losses": {key: spec_to_plain(loss) for key, loss in build.losses.items()},
            "metrics": {key: [spec_to_plain(metric) for metric in group] for key, group in build.metrics.items()},
            "loss_weights": dict(build.loss_weights),
        },
        "fit": {
            "epochs": project.fit.epochs,
            "batch_size": project.fit.batch_size,
            "shuffle": project.fit.shuffle,
            "validation_freq": project.fit.validation_freq,
            "seed": value_to_plain(project.fit.seed),
            "callbacks": [spec_to_plain(callback) for callback in project.fit.callbacks],
        },
        **({"notes": dict(project.notes)} if project.notes else {}),
        **({"weights_from": dict(project.weights_from)} if project.weights_from else {}),
        "layout": {key: list(position) for key, position in project.layout.items()},
    }


def graph_to_plain(graph: Graph) -> Plain:
    """Turn a graph into nested dictionaries of TOML values."""
    return {
        **({"takes": graph.takes} if graph.takes else {}),
        **({"gives": graph.gives} if graph.gives else {}),
        "inputs": {key: _input_to_plain(value) for key, value in graph.inputs.items()},
        "layers": {key: _layer_to_plain(value) for key, value in graph.layers.items()},
        "calls": {key: _call_to_plain(call) for key, call in graph.calls.items()},
        "outputs": dict(graph.outputs),
    }


def from_plain(plain: Mapping[str, Any]) -> Project:
    """Read a project from its plain form.

    Args:
        plain: Nested dictionaries as `to_plain` gives them; absent keys take their defaults.

    Returns:
        The project. References inside the graph are not checked here (`graph.check_references` does).

    Raises:
        DocumentError: An unknown key, a wrong type, or a newer format; `path` leads to the place.
    """
    _only(plain, {"format", *Project.__annotations__}, ())
    version = plain.get("format", FORMAT)
    if not isinstance(version, int) or isinstance(version, bool) or version < 1:
        raise DocumentError(f"format is a whole number above 0. Received: format = {version!r}", ("format",))
    if version > FORMAT:
        raise DocumentError(f"format {version} is newer than this kerastui reads (up to {FORMAT})", ("format",))
    return Project(
        name=_convert(plain.get("name", ""), str, ("name",)),
        data=_data(_table(plain, "data", ())),
        graph=graph_from_plain(_table(plain, "graph", ()), ("graph",)),
        compile=_compile(_table(plain, "compile", ())),
        fit=_fit(_table(plain, "fit", ())),
        layout=_each(plain, "layout", (), lambda item, path: _convert(item, tuple[int, int], path)),
        weights=_convert(plain.get("weights", ""), str, ("weights",)),
        weights_from=_each(plain, "weights_from", (), lambda item, path: _convert(item, str, path)),
        models=_each(plain, "models", (), graph_from_plain),
        notes=_each(plain, "notes", (), lambda item, path: _convert(item, str, path)),
        code=_convert(plain.get("code", ()), tuple[str, ...], ("code",)),
    )


def graph_from_plain(plain: Any, path: tuple[str, ...] = ()) -> Graph:
    """Read a graph from its plain form.

    Args:
        plain: What `graph_to_plain` gives.
        path: Keys that lead to it, for errors.

    Raises:
        DocumentError: An unknown key or a wrong type; `path` leads to the place.
    """
    if not isinstance(plain, Mapping):
        raise DocumentError(f"expected a table. Received: {plain!r}", path)
    _only(plain, set(Graph.__annotations__), path)
    return Graph(
        inputs=_each(plain, "inputs", path, _input),
        layers=_each(plain, "layers", path, _layer),
        calls=_each(plain, "calls", path, _call),
        outputs=_each(plain, "outputs", path, lambda item, where: _convert(item, str, where)),
        **_simple(dict(plain), {"takes": Structure, "gives": Structure}, path),
    )


def value_from_plain(plain: Any, path: tuple[str, ...] = ()) -> Value:
    """Read an argument value from what TOML holds.

    Raises:
        DocumentError: The value is of a kind that no argument can hold, such as a date.
    """
    if isinstance(plain, Mapping):
        return None if plain == NONE else spec_from_plain(plain, path)
    if isinstance(plain, list | tuple):
        return tuple(value_from_plain(item, path) for item in plain)
    if isinstance(plain, bool | int | float | str):
        return plain
    raise DocumentError(f"an argument is a number, a text, a list or a table. Received: {plain!r}", path)


def spec_from_plain(plain: Any, path: tuple[str, ...] = ()) -> Spec:
    """Read a `Spec` from its flat table.

    Raises:
        DocumentError: There is no `class`, or an argument is of a kind that no argument can hold.
    """
    if not isinstance(plain, Mapping) or not isinstance(plain.get("class"), str):
        raise DocumentError(f'expected a table with `class = "…"`. Received: {plain!r}', path)
    config = {key: value_from_plain(item, (*path, key)) for key, item in plain.items() if key != "class"}
    return Spec(plain["class"], config)


def _column_to_plain(column: Column) -> Plain:
    plain: Plain = {"role": column.role, "encoding": column.encoding, "missing": column.missing}
    return plain | ({"to": column.to} if column.to else {})


def _input_to_plain(value: Input) -> Plain:
    plain: Plain = {"shape": [-1 if size is None else size for size in value.shape], "dtype": value.dtype}
    return plain | ({"name": value.name} if value.name else {})


def _layer_to_plain(layer: Layer) -> Plain:
    plain = spec_to_plain(Spec(layer.class_name, layer.config))
    return {"class": plain.pop("class"), **({"name": layer.name} if layer.name else {}), **plain}


def _call_to_plain(call: Call) -> Plain:
    plain: Plain = {"layer": call.layer, "inputs": list(call.inputs)}
    if call.named:
        plain["named"] = {
            key: source if isinstance(source, str) else list(source) for key, source in sorted(call.named.items())
        }
    if call.arguments:
        plain["arguments"] = {key: value_to_plain(value) for key, value in sorted(call.arguments.items())}
    return plain


def _data(plain: Plain) -> Data:
    path = ("data",)
    _only(plain, {"source", "columns", "split"}, path)
    return Data(
        source=_convert(plain.get("source", ""), str, (*path, "source")),
        columns=_each(plain, "columns", path, lambda item, where: _struct(item, Column, where)),
        split=_struct(_table(plain, "split", path), Split, (*path, "split")),
    )


def _input(plain: Any, path: tuple[str, ...]) -> Input:
    value = _struct(plain, Input, path)
    if any(size is not None and (size == 0 or size < -1) for size in value.shape):
        raise DocumentError(f"a size is above 0, or -1 where unknown. Received: shape={list(value.shape)}", path)
    return msgspec.structs.replace(value, shape=tuple(None if size == -1 else size for size in value.shape))


def _layer(plain: Any, path: tuple[str, ...]) -> Layer:
    if isinstance(plain, Mapping):
        name = _convert(plain.get("name", ""), str, (*path, "name"))
        plain = {key: item for key, item in plain.items() if key != "name"}
    spec = spec_from_plain(plain, path)
    return Layer(spec.class_name, spec.config, name)


def _call(plain: Any, path: tuple[str, ...]) -> Call:
    if not isinstance(plain, Mapping):
        raise DocumentError(f"expected a table. Received: {plain!r}", path)
    _only(plain, set(Call.__annotations__), path)
    types = {"layer": str, "inputs": tuple[str, ...], "named": dict[str, str | tuple[str, ...]]}
    if "layer" not in plain:
        raise DocumentError("a call names its `layer`", path)
    return Call(arguments=_each(plain, "arguments", path, value_from_plain), **_simple(dict(plain), types, path))


def _compile(plain: Plain) -> Compile:
    path = ("compile",)
    _only(plain, set(Compile.__annotations__), path)
    optimizer = plain.get("optimizer")
    types = {
        **{"model": str, "jit_compile": bool | Literal["auto"]},
        **{"steps_per_execution": int, "run_eagerly": bool},
    }
    return Compile(
        optimizer=Compile().optimizer if optimizer is None else spec_from_plain(optimizer, (*path, "optimizer")),
        losses=_each(plain, "losses", path, spec_from_plain),
        metrics=_each(plain, "metrics", path, _specs),
        loss_weights=_each(plain, "loss_weights", path, lambda item, where: _convert(item, float, where)),
        **_simple(plain, types, path),
    )


def _fit(plain: Plain) -> Fit:
    path = ("fit",)
    _only(plain, set(Fit.__annotations__), path)
    simple = plain | ({"seed": None} if plain.get("seed") == NONE else {})
    types = {"epochs": int, "batch_size": int, "shuffle": bool, "validation_freq": int, "seed": int | None}
    callbacks = _specs(plain.get("callbacks", []), (*path, "callbacks"))
    return Fit(callbacks=callbacks, **_simple(simple, types, path))


def _simple(plain: Plain, types: Mapping[str, Any], path: tuple[str, ...]) -> Plain:
    return {key: _convert(plain[key], kind, (*path, key)) for key, kind in types.items() if key in plain}


def _specs(plain: Any, path: tuple[str, ...]) -> tuple[Spec, ...]:
    if not isinstance(plain, list | tuple):
        raise DocumentError(f"expected a list of tables. Received: {plain!r}", path)
    return tuple(spec_from_plain(item, path) for item in plain)


def _table(plain: Mapping[str, Any], key: str, path: tuple[str, ...]) -> Plain:
    table = plain.get(key, {})
    if not isinstance(table, Mapping):
        raise DocumentError(f"expected a table. Received: {key} = {table!r}", (*path, key))
    return dict(table)


def _each(
    plain: Mapping[str, Any], key: str, path: tuple[str, ...], read: Callable[[Any, tuple[str, ...]], T]
) -> dict[str, T]:
    return {name: read(item, (*path, key, name)) for name, item in _table(plain, key, path).items()}


def _struct(plain: Any, kind: type[T], path: tuple[str, ...]) -> T:
    if not isinstance(plain, Mapping):
        raise DocumentError(f"expected a table. Received: {plain!r}", path)
    _only(plain, set(kind.__annotations__), path)
    return _convert(plain, kind, path)


def _only(plain: Mapping[str, Any], known: set[str], path: tuple[str, ...]) -> None:
    for key in plain:
        if key not in known:
            raise DocumentError(f"unknown key `{key}`; known here: {', '.join(sorted(known))}", (*path, key))


def _convert(plain: Any, kind: type[T], path: tuple[str, ...]) -> T:
    try:
        return msgspec.convert(plain, kind)
    except msgspec.ValidationError as error:
        message, _, place = str(error).partition(" - at `$")
        keys = tuple(part for part in place.rstrip("`").split(".") if part and not part.startswith("["))
        raise DocumentError(f"{message[:1].lower()}{message[1:]}", (*path, *keys)) from None
