"""What a model of Keras 2 was compiled with: optimizers, losses and metrics, translated."""

from __future__ import annotations

import inspect
from collections.abc import Mapping, Sequence
from typing import Any, Final

from kerastui.engine.keras_private import keras
from kerastui.engine.saving.bridge.checks import refuse_what_cannot_be
from kerastui.engine.saving.bridge.lookup import built_in, custom_name
from kerastui.engine.saving.bridge.translate import Translation

Config = dict[str, Any]

PLAIN: Final = ("loss_weights", "run_eagerly", "steps_per_execution", "jit_compile")
"""Arguments of `compile` that are written as they are. Files of older generations lack some."""

WRAPPERS: Final = frozenset({"LossFunctionWrapper", "MeanMetricWrapper", "SumOverBatchSizeMetricWrapper"})
"""Classes of Keras 2 around a function that the file names."""

REDUCTIONS: Final = {"auto": "sum_over_batch_size", "sum_over_batch_size": "sum_over_batch_size"}


def compile_arguments(config: Mapping[str, Any], translation: Translation, outputs: Sequence[str]) -> Config:
    """Make the arguments of `compile` of what a file says.

    Args:
        config: `training_config` of an HDF5 file, or `compile_config` of an archive.
        translation: What to make objects with.
        outputs: Names of the model's outputs; Keras 2 put them before the names of metrics.

    Returns:
        Arguments for `compile`.

    Raises:
        TypeError: If it needs classes that are neither Keras's nor in the custom objects; names all.
    """
    refuse_what_cannot_be(dict(config), translation.custom_objects, translation.safe_mode)
    arguments = {name: config[name] for name in PLAIN if config.get(name) is not None}
    optimizer = config.get("optimizer_config", config.get("optimizer"))
    if optimizer is not None:
        arguments["optimizer"] = _optimizer(optimizer, translation)
        if getattr(arguments["optimizer"], "loss_scale_factor", None) is not None:
            arguments["auto_scale_loss"] = False  # it would put a scale that changes in place of the fixed one
    arguments["loss"] = _made(config.get("loss"), "losses", translation)
    for kind in ("metrics", "weighted_metrics"):
        made = _made(_without_outputs(config.get(kind), outputs), "metrics", translation)
        if made not in (None, [], {}):
            arguments[kind] = _for_outputs(made, outputs)
    return arguments


def translated_optimizer(config: Config) -> Config:
    """Translate the arguments of an optimizer, those of `tf_keras.optimizers.legacy` and Keras 2.3 too.

    Args:
        config: Its arguments; not changed.

    Returns:
        The same with today's names; `decay` has become a schedule.
    """
    config = {key: value for key, value in config.items() if key not in ("is_legacy_optimizer", "jit_compile")}
    if "lr" in config:
        config["learning_rate"] = config.pop("lr")
    if isinstance(config.get("learning_rate"), Mapping):
        schedule = config["learning_rate"]
        kept = {key: value for key, value in schedule["config"].items() if (key, value) != ("name", None)}
        config["learning_rate"] = {**schedule, "config": kept}
    decay = config.pop("decay", 0.0)
    if decay and not isinstance(config["learning_rate"], Mapping):
        config["learning_rate"] = {
            "class_name": "InverseTimeDecay",
            "config": {
                "initial_learning_rate": config["learning_rate"],
                "decay_steps": 1,
                "decay_rate": decay,
            },
        }
    return config


def _optimizer(config: Any, translation: Translation) -> Any:
    if isinstance(config, str):
        return config
    if str(config["class_name"]).rpartition(">")[2] in ("LossScaleOptimizer", "LossScaleOptimizerV3"):
        return _loss_scaled(config["config"], translation)
    if custom_name(config, translation.custom_objects) is None:
        written = translated_optimizer(config["config"])
        if config["class_name"] == "Nadam" and "decay" in config["config"]:
            written["learning_rate"] = config["config"]["learning_rate"]  # there, it is that of the momentum
        config = {**config, "config": _accepted(config["class_name"], "optimizers", written)}
    return keras.optimizers.deserialize(
        translation.translated(config, "optimizers"), custom_objects=translation.custom_objects
    )


def _loss_scaled(config: Mapping[str, Any], translation: Translation) -> Any:
    """Make the optimizer of mixed precision; a scale that does not change is a setting of the inner one in Keras 3."""
    inner = _optimizer(config.get("inner_optimizer", config.get("optimizer")), translation)
    if not config.get("dynamic", True):
        inner = keras.optimizers.get(inner)
        inner.loss_scale_factor = config["initial_scale"]
        return inner
    known = {name: config[name] for name in ("initial_scale", "dynamic_growth_steps") if config.get(name) is not None}
    return keras.optimizers.LossScaleOptimizer(keras.optimizers.get(inner), **known)


def _made(config: Any, home: str, translation: Translation) -> Any:
    """Make objects of what was written; short names like `"mse"` stay, `compile` looks them up."""
    if isinstance(config, str):
        return keras.saving.get_registered_object(config, translation.custom_objects) or config
    if isinstance(config, Mapping) and "class_name" in config:
        return _object(dict(config), home, translation)
    if isinstance(config, Mapping):
        return {key: _made(value, home, translation) for key, value in config.items()}
    return [_made(value, home, translation) for value in config] if isinstance(config, (list, tuple)) else config


def _object(config: Config, home: str, translation: Translation) -> Any:
    name, inner = str(config["class_name"]).rpartition(">")[2], config["config"]
    if name == "function":
        return _made(config.get("config"), home, translation)
    if custom_name(config, translation.custom_objects) is not None:
        return translation.revived(config)
    if name in WRAPPERS:
        function = _function(inner["fn"], home, translation)
        if home == "losses":
            return function
        kept = {key: value for key, value in inner.items() if key not in ("fn", "reduction")}
        if isinstance(function, keras.metrics.Metric):  # Keras 3 has a class for most names
            return type(function)(**kept)
        return keras.metrics.MeanMetricWrapper(fn=function, **kept)
    if "reduction" in inner and home == "losses":
        inner = {**inner, "reduction": REDUCTIONS.get(inner["reduction"], inner["reduction"])}
    return translation.revived({**config, "config": _accepted(name, home, inner)})


def _function(name: Any, home: str, translation: Translation) -> Any:
    if isinstance(name, Mapping):
        name = name.get("config", name.get("registered_name"))
    found = keras.saving.get_registered_object(name, translation.custom_objects)
    return found or getattr(keras, home).get(name)


def _accepted(name: str, home: str, config: Config) -> Config:
    """Keep what the class of Keras 3 takes; Keras 2 wrote `fn` and settings of its own beside it."""
    found = built_in(name, home)
    if found is None:
        return config
    parameters = inspect.signature(found[2]).parameters
    return {key: value for key, value in config.items() if key in parameters or key in ("name", "dtype")}


def _without_outputs(metrics: Any, outputs: Sequence[str]) -> Any:
    """Take the names of outputs off the names of metrics, where `compile` will put them again."""
    if isinstance(metrics, Mapping) and "class_name" in metrics and isinstance(metrics.get("config"), Mapping):
        inner = dict(metrics["config"])
        for output in outputs if len(outputs) > 1 else ():
            inner["name"] = str(inner.get("name")).removeprefix(f"{output}_") if inner.get("name") else None
        return {**metrics, "config": inner}
    if isinstance(metrics, Mapping):
        return {key: _without_outputs(value, outputs) for key, value in metrics.items()}
    return [_without_outputs(one, outputs) for one in metrics] if isinstance(metrics, (list, tuple)) else metrics


def _for_outputs(metrics: Any, outputs: Sequence[str]) -> Any:
    """Arrange metrics as `compile` takes them: HDF5 files hold a list for each output, also where there is one."""
    if not isinstance(metrics, list) or not any(isinstance(one, list) for one in metrics):
        return metrics
    lists = [[metric for metric in one if metric is not None] if isinstance(one, list) else [one] for one in metrics]
    return lists[0] if len(outputs) <= 1 else lists
