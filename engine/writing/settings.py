"""What a project says of compiling, weights and training, as Python functions."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from kerastui.engine.project.document import Compile, Project
from kerastui.engine.project.graph import layer_name, node_name
from kerastui.engine.writing.source import STEP, Expression, call, lines, listed, quoted, table, text
from kerastui.engine.writing.values import Values


def compiling(project: Project, values: Values) -> list[str]:
    """Return the function that compiles the model; no lines where no output has a loss."""
    settings, outputs = project.compile, list(project.graph.outputs)
    losses = {name: values.object(settings.losses[name], "loss") for name in outputs if name in settings.losses}
    if not losses:
        return []
    metrics = {
        name: listed([values.object(metric, "metric") for metric in settings.metrics[name]])
        for name in outputs
        if settings.metrics.get(name)
    }
    weights = {name: text(repr(settings.loss_weights.get(name, 1.0))) for name in losses}
    arguments: dict[str, Expression] = {"optimizer": values.object(settings.optimizer, "optimizer")}
    arguments["loss"] = _each(losses, outputs)
    arguments |= {"metrics": _each(metrics, outputs)} if metrics else {}
    arguments |= {"loss_weights": table(list(weights.items()))} if settings.loss_weights and len(outputs) > 1 else {}
    return [
        "def compile_model(model: keras.Model) -> None:",
        f'{STEP}"""Give the model its optimizer, losses and metrics."""',
        *lines("", call("model.compile", **arguments, **_running(settings))),
    ]


def _each(found: Mapping[str, Expression], outputs: list[str]) -> Expression:
    """Return a setting of every output, or of the only one."""
    return found[outputs[0]] if len(outputs) == 1 else table(list(found.items()))


def _running(settings: Compile) -> dict[str, Expression]:
    """Return what `compile` is told of how steps run, where it is not the default."""
    given = {key: getattr(settings, key) for key in ("jit_compile", "steps_per_execution", "run_eagerly")}
    usual = Compile()
    return {key: text(_written(value)) for key, value in given.items() if value != getattr(usual, key)}


def _written(value: object) -> str:
    return quoted(value) if isinstance(value, str) else repr(value)


def loading(project: Project) -> list[str]:
    """Return the function that loads the weights which training starts from; no lines where it starts from new ones."""
    if not project.weights:
        return []
    found = [
        f"def load_weights(model: keras.Model, path: str = {quoted(project.weights)}) -> None:",
        f'{STEP}"""Load the weights of the project; a layer that they do not fit keeps its own."""',
    ]
    load = f"{STEP}model.load_weights(path, by_name=True, skip_mismatch=True)"
    renamed = [(layer_name(project.graph, key), text(quoted(key))) for key in project.graph.layers]
    renamed = [(name, key) for name, key in renamed if key != (quoted(name),)]
    if not renamed:
        return [*found, load]
    return [
        *found,
        f"{STEP}# The file knows these layers by other names.",
        *lines("names = ", table(renamed)),
        f"{STEP}kept = [layer.name for layer in model.layers]",
        f"{STEP}for layer in model.layers:",
        f"{STEP * 2}layer.name = names.get(layer.name, layer.name)",
        load,
        f"{STEP}for layer, name in zip(model.layers, kept):",
        f"{STEP * 2}layer.name = name",
    ]


def training(project: Project, values: Values) -> list[str]:
    """Return the function that trains the model on arrays of the caller's."""
    fit = project.fit
    named: dict[str, Expression] = {"batch_size": text(repr(fit.batch_size)), "epochs": text(repr(fit.epochs))}
    named |= {} if fit.shuffle else {"shuffle": text("False")}
    named |= {"validation_data": text("validation_data")}
    named |= {} if fit.validation_freq == 1 else {"validation_freq": text(repr(fit.validation_freq))}
    callbacks = [values.object(callback, "callback") for callback in fit.callbacks]
    named |= {"callbacks": listed(callbacks)} if callbacks else {}
    return [
        "def train(model: keras.Model, x, y, validation_data=None) -> keras.callbacks.History:",
        f'{STEP}"""Train the model as the project does, on data that you load.',
        "",
        f"{STEP}Args:",
        *_described("model", "What `build_model` gives, compiled."),
        *_described("x", _inputs(project)),
        *_described("y", _targets(project)),
        *_described("validation_data", "A pair of the same, or `None`."),
        f'{STEP}"""',
        *lines("return ", call("model.fit", text("x"), text("y"), **named)),
    ]


def _described(name: str, words: str) -> Iterator[str]:
    """Yield the description of an argument, broken at 88 columns."""
    line = f"{STEP * 2}{name}:"
    for word in words.split():
        if len(line) + 1 + len(word) > 88:
            yield line
            line = STEP * 3 + word
        else:
            line += f" {word}"
    yield line


def _inputs(project: Project) -> str:
    graph = project.graph
    found = [f"{node_name(graph, key)} {_shape(item.shape)} {item.dtype}" for key, item in graph.inputs.items()]
    if len(found) == 1 and not graph.takes:
        return f"Array of {found[0]}, samples first."
    return f"A {'dict by name' if graph.takes == 'dict' else 'list'} of arrays, samples first: {', '.join(found)}."


def _shape(shape: tuple[int | None, ...]) -> str:
    return "×".join("∅" if size is None else str(size) for size in shape) or "one"


def _targets(project: Project) -> str:
    outputs = project.graph.outputs
    if len(outputs) == 1 and not project.graph.gives:
        return f"Array of targets for {next(iter(outputs))}."
    kind = "list" if project.graph.gives == "list" else "dict by name"
    return f"A {kind} of targets: {', '.join(outputs)}."


def showing(project: Project, compiled: bool) -> list[str]:
    """Return the function that builds the model, loads and compiles it.

    Args:
        project: The project.
        compiled: Whether there is a function that compiles it.
    """
    seed = project.fit.seed
    return [
        "def main() -> None:",
        f'{STEP}"""Build the model and show it; `train(model, x, y)` trains it."""',
        *([] if seed is None else [f"{STEP}keras.utils.set_random_seed({seed})"]),
        f"{STEP}model = build_model()",
        *([f"{STEP}load_weights(model)"] if project.weights else []),
        *([f"{STEP}compile_model(model)"] if compiled else []),
        f"{STEP}model.summary()",
    ]
