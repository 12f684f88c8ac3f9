"""The loops of `fit`, `evaluate` and `predict`: one call of a compiled function at a time."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from contextlib import suppress
from typing import Any

import numpy as np

from kerastui.engine.keras_private import (
    convert_to_np_if_not_ragged,
    keras,
    potentially_ragged_concat,
    unpack_x_y_sample_weight,
)
from kerastui.engine.training.arguments import should_validate
from kerastui.engine.training.batches import Batches, open_batches
from kerastui.engine.training.data.split import split_validation
from kerastui.engine.training.data.workers import Workers, check_count
from kerastui.engine.training.functions import upcoming
from kerastui.engine.training.plans.chunks import NotChunkableError
from kerastui.engine.training.plans.planning import plan_for
from kerastui.engine.training.plans.telling import last
from kerastui.engine.training.targets import check_targets


def fit(model: Any, values: Mapping[str, Any]) -> Any:
    """Train.

    Args:
        model: The model.
        values: The arguments of `fit` by name, sorted.

    Returns:
        The `History`.
    """
    return _Fit(model, dict(values)).run()


class _Fit:
    """One call of `fit`: its data, its callbacks, its epochs."""

    def __init__(self, model: Any, values: dict[str, Any]) -> None:
        self._model = model
        self._values = values
        self._split()
        self._workers = workers_of(values)
        check_targets(model, values["y"])
        self._batches = open_batches(
            model,
            values["x"],
            values["y"],
            values["sample_weight"],
            batch_size=values["batch_size"],
            steps=values["steps_per_epoch"],
            shuffle=values["shuffle"],
            class_weight=values["class_weight"],
            workers=self._workers,
        )
        check_count("epochs", values["epochs"], least=0)
        check_count("initial_epoch", values["initial_epoch"], least=0)
        self._epochs = _capped(values["epochs"])
        should_validate(0, values["validation_freq"])
        self._validation = self._open_validation()

    def _split(self) -> None:
        """Take the validation from the end of the data, if a share was asked for and no data given."""
        values = self._values
        if values["validation_split"] and values["validation_data"] is None:
            data = values["x"], values["y"], values["sample_weight"]
            (values["x"], values["y"], values["sample_weight"]), values["validation_data"] = split_validation(
                *data, values["validation_split"]
            )

    def run(self) -> Any:
        model, batches = self._model, self._batches
        model._maybe_symbolic_build(iterator=batches)
        batches.reset()
        callbacks = callback_list(model, self._values, epochs=self._epochs, steps=batches.num_batches, add_history=True)
        model.stop_training = False
        model._made("train_function", model.make_train_function())
        model._eval_epoch_iterator = self._validation
        self._plan = plan_for("train", model, model.train_function, batches, callbacks)
        try:
            callbacks.on_train_begin()
            logs = None
            for epoch in range(model._initial_epoch or self._values["initial_epoch"], self._epochs):
                done = self._epoch(epoch, callbacks)
                if done is None:
                    self._end_of_data(logs)
                    break
                logs = done
                if model.stop_training:
                    break
            if isinstance(model.optimizer, keras.optimizers.Optimizer) and self._epochs > 0:
                model.optimizer.finalize_variable_values(model.trainable_weights)
            callbacks.on_train_end(logs=logs)
        finally:
            model._eval_epoch_iterator = None
        return model.history

    def _end_of_data(self, logs: Any) -> None:
        """Warn that a stream has nothing left for another epoch; one that never had anything is refused."""
        if logs is None:
            raise no_batches("x")
        if not self._values["steps_per_epoch"]:
            self._batches._interrupted_warning()

    def _epoch(self, epoch: int, callbacks: Any) -> dict[str, Any] | None:
        """Train one epoch; give its logs, or `None` if there was no batch."""
        model = self._model
        model.reset_metrics()
        callbacks.on_epoch_begin(epoch)
        logs = self._train(callbacks, self._epochs - epoch)
        if logs is None:
            return None
        epoch_logs = dict(model._get_metrics_result_or_logs(logs))
        if self._validation is not None and should_validate(epoch, self._values["validation_freq"]):
            results = self._validate(callbacks)
            epoch_logs |= {f"val_{name}": value for name, value in results.items()}
        callbacks.on_epoch_end(epoch, epoch_logs)
        return epoch_logs

    def _train(self, callbacks: Any, epochs_left: int) -> Any:
        """Train the batches of an epoch; give the logs of the last, or `None` without any."""
        model, batches, logs = self._model, self._batches, None
        if self._plan is not None:
            try:
                done = self._plan.run(callbacks, epochs_left)
                return last(done[-1]) if done else None
            except NotChunkableError:
                self._plan = None
        with batches.catch_stop_iteration():
            for begin, end, iterator in batches:
                callbacks.on_train_batch_begin(begin)
                logs = model.train_function(iterator)
                callbacks.on_train_batch_end(end, logs)
                if model.stop_training:
                    break
        return logs

    def _open_validation(self) -> Batches | None:
        """Open the data to validate on; before the first epoch, so that data that does not fit costs none."""
        values = self._values
        if values["validation_data"] is None:
            return None
        x, y, sample_weight = unpack_x_y_sample_weight(values["validation_data"])
        check_targets(self._model, y)
        return open_batches(
            self._model,
            x,
            y,
            sample_weight,
            batch_size=values["validation_batch_size"] or values["batch_size"],
            steps=values["validation_steps"],
            workers=self._workers,
            argument="validation_data",
        )

    def _validate(self, callbacks: Any) -> dict[str, Any]:
        values = self._values
        x, y, sample_weight = unpack_x_y_sample_weight(values["validation_data"])
        results: dict[str, Any] = self._model.evaluate(
            x=x,
            y=y,
            sample_weight=sample_weight,
            batch_size=values["validation_batch_size"] or values["batch_size"],
            steps=values["validation_steps"],
            callbacks=callbacks,
            return_dict=True,
            _use_cached_eval_dataset=True,
        )
        return results


def evaluate(model: Any, values: Mapping[str, Any], batches: Batches | None = None) -> dict[str, Any]:
    """Evaluate.

    Args:
        model: The model.
        values: The arguments of `evaluate` by name, sorted.
        batches: The batches, if they are there already. Defaults to `None`.

    Returns:
        Loss and metrics by name, as Python's numbers.
    """
    if batches is None:
        check_targets(model, values["y"])
        batches = open_batches(
            model,
            values["x"],
            values["y"],
            values["sample_weight"],
            batch_size=values["batch_size"],
            steps=values["steps"],
            workers=workers_of(values),
        )
    model._maybe_symbolic_build(iterator=batches)
    batches.reset()
    callbacks = callback_list(model, values, epochs=1, steps=batches.num_batches)
    model._made("test_function", model.make_test_function())
    model.stop_evaluating = False
    callbacks.on_test_begin()
    model.reset_metrics()
    logs = _test(model, batches, callbacks)
    if logs is None:
        raise no_batches("x")
    results = to_python(model._get_metrics_result_or_logs(logs))
    callbacks.on_test_end(results)
    return results


def _test(model: Any, batches: Batches, callbacks: Any) -> Any:
    """Evaluate all batches; give the logs of the last, or `None` without any."""
    plan = plan_for("test", model, model.test_function, batches, callbacks)
    if plan is not None:
        with suppress(NotChunkableError):
            done = plan.run(callbacks)
            return last(done[-1]) if done else None
    logs = None
    with batches.catch_stop_iteration():
        for begin, end, iterator in batches:
            callbacks.on_test_batch_begin(begin)
            logs = model.test_function(iterator)
            callbacks.on_test_batch_end(end, logs)
            if model.stop_evaluating:
                break
    return logs


def predict(model: Any, values: Mapping[str, Any]) -> Any:
    """Predict.

    Args:
        model: The model.
        values: The arguments of `predict` by name.

    Returns:
        The predictions, as arrays in the structure of the model's output.
    """
    batches = open_batches(
        model, values["x"], batch_size=values["batch_size"], steps=values["steps"], workers=workers_of(values)
    )
    callbacks = callback_list(model, values, epochs=1, steps=batches.num_batches)
    model._made("predict_function", model.make_predict_function())
    model.stop_predicting = False
    callbacks.on_predict_begin()
    outputs = _predict(model, batches, callbacks)
    callbacks.on_predict_end()
    if not outputs:
        raise no_batches("x")
    return keras.tree.map_structure_up_to(outputs[0], _joined, *outputs)


def _joined(*parts: Any) -> Any:
    """Join the pieces of one output."""
    if isinstance(parts[0], np.ndarray):
        return parts[0] if len(parts) == 1 else np.concatenate(parts)
    return convert_to_np_if_not_ragged(potentially_ragged_concat(parts))


def _predict(model: Any, batches: Batches, callbacks: Any) -> list[Any]:
    """Predict all batches; give the outputs in pieces."""
    plan = plan_for("predict", model, model.predict_function, batches, callbacks)
    if plan is not None:
        with suppress(NotChunkableError):
            return plan.run(callbacks)
    outputs: list[Any] = []
    with batches.catch_stop_iteration():
        for begin, end, iterator in batches:
            callbacks.on_predict_batch_begin(begin)
            outputs.append(model.predict_function(upcoming(iterator, model.steps_per_execution)))
            callbacks.on_predict_batch_end(end, {"outputs": outputs[-1]})
            if model.stop_predicting:
                break
    return outputs


def callback_list(model: Any, values: Mapping[str, Any], **settings: Any) -> Any:
    """Give the callbacks of one call, with a progress bar unless `verbose` is 0.

    Args:
        model: The model.
        values: The arguments of the call: `callbacks` and `verbose`.
        **settings: What `keras.callbacks.CallbackList` takes beside.

    Returns:
        The list; the caller's own if that is what was passed.

    Raises:
        ValueError: If something else than a callback is among them.
    """
    callbacks, verbose = values["callbacks"], values["verbose"]
    if isinstance(callbacks, keras.callbacks.CallbackList):
        return callbacks
    # In a list, since Keras sends the batch events of a single callback from another thread.
    callbacks = keras.tree.flatten(callbacks) if callbacks is not None else []
    strangers = [callback for callback in callbacks if not hasattr(callback, "set_model")]
    if strangers:
        raise ValueError(
            f"`callbacks` must hold `keras.callbacks.Callback` objects. Received: {strangers[0]!r} among callbacks"
        )
    return keras.callbacks.CallbackList(callbacks, add_progbar=verbose != 0, verbose=verbose, model=model, **settings)


def workers_of(values: Mapping[str, Any]) -> Workers:
    """Take the three arguments that say how Python's data is read.

    Args:
        values: The arguments of a call by name.

    Returns:
        The three; each `None` where it was not given.
    """
    names = ("max_queue_size", "workers", "use_multiprocessing")
    return Workers(**{name: values[name] for name in names})


def to_python(logs: Mapping[str, Any]) -> dict[str, Any]:
    """Turn logs into Python's numbers, in their order.

    Args:
        logs: Values by name: tensors, arrays, numbers, or dicts of them.

    Returns:
        The same, flat; what is no single number is an array.
    """
    results: dict[str, Any] = {}
    for name, value in logs.items():
        if isinstance(value, Mapping):
            results |= to_python(value)
            continue
        array = value.numpy() if hasattr(value, "numpy") else value
        try:
            results[name] = float(array)
        except (TypeError, ValueError):
            results[name] = array
    return results


def no_batches(argument: str) -> ValueError:
    """Make the error for data that held no batch.

    Args:
        argument: The argument that gave the data.

    Returns:
        The error.
    """
    return ValueError(f"`{argument}` must hold at least one batch. Received: data without any.")


def _capped(epochs: int) -> int:
    """Obey `keras.config.set_max_epochs`, which is for trying out."""
    limit: int | None = keras.config.max_epochs()
    if limit and limit < epochs:
        warnings.warn(f"Limiting epochs to {limit}", stacklevel=2)
        return limit
    return epochs
