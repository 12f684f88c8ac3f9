"""`compile` and what it sets up: loss, metrics, and the steps that use them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import tensorflow as tf

from kerastui.engine.keras_private import (
    KerasTrainer,
    TensorFlowTrainer,
    filter_traceback,
    keras,
    no_automatic_dependency_tracking,
)
from kerastui.engine.training.arguments import compile_arguments, received
from kerastui.engine.training.compiled_loss import CompiledLoss, check_sample_weight_mode
from kerastui.engine.training.compiled_metrics import CompiledMetrics, original_names
from kerastui.engine.training.errors import InsideFunctionError, NotCompiledError
from kerastui.engine.training.functions import StepFunction
from kerastui.engine.training.nearest import check_loss, check_metrics, check_optimizer
from kerastui.engine.training.resetting import reset

_BEYOND_KERAS = ("sample_weight_mode", "target_tensors", "pss_evaluation_shards")
_MAKE_LOGS = ("train_step", "test_step", "compute_metrics", "get_metrics_result")
_OURS = ("loss", "loss_weights", "metrics", "weighted_metrics")


class Compiling(TensorFlowTrainer):  # type: ignore[misc]  # Keras ships no types
    """The part of `Trainer` that configures a training."""

    # Of the class, since Keras's models call the constructor of Keras's trainer by name.
    _loss_seen = False
    jit_compile_auto = False
    """Whether training finds out by itself if XLA is faster."""
    execution_plan: str | None = None
    """How the steps of the last call ran, in words; `None` before the first."""
    _target_tensors: Any = None
    _sample_weight_mode: Any = None
    _pss_evaluation_shards: int | str = 0
    _distribute_reduction_method: str | None = None

    @filter_traceback  # type: ignore[untyped-decorator]
    @no_automatic_dependency_tracking  # type: ignore[untyped-decorator]
    def compile(
        self,
        optimizer: Any = "rmsprop",
        loss: Any = None,
        loss_weights: Any = None,
        metrics: Any = None,
        weighted_metrics: Any = None,
        run_eagerly: bool | None = False,
        steps_per_execution: int | None = 1,
        jit_compile: bool | str | None = "auto",
        auto_scale_loss: bool = True,
        **kwargs: Any,
    ) -> None:
        """Configure the model for training.

        The order of the arguments is that of Keras 3; what only the order of an older generation explains, such as
        metrics in third place, is understood as meant.

        Args:
            optimizer: Name or `keras.optimizers.Optimizer`. Defaults to `"rmsprop"`.
            loss: Name, function `(y_true, y_pred) -> loss` or `keras.losses.Loss`, for all outputs; or a list, or a
                dict by name of output, with `None` for an output without loss. Defaults to `None`: only what
                `add_loss` and regularizers add.
            loss_weights: Factor for the loss of each output, as a list or a dict by name. Defaults to `None`: all 1.
            metrics: List of names, functions or `keras.metrics.Metric`, for every output; a list with a list or
                `None` for each output; or a dict by name of output. `sample_weight` does not touch them.
                `"accuracy"` and `"crossentropy"` are chosen by the shapes of target and output. Defaults to `None`.
            weighted_metrics: The same, weighted with `sample_weight` and `class_weight`. Defaults to `None`.
            run_eagerly: Whether steps run as Python, for debugging. Defaults to False, which `None` means as well.
            steps_per_execution: Batches in one call of a compiled function; callbacks hear of every call. Cut to
                the epoch. Defaults to 1, which `None` means as well.
            jit_compile: Whether to compile with XLA. Defaults to `"auto"`: if there is a GPU and the model supports it;
                elsewhere a long training on arrays tries it, and keeps what is faster. `None` is off. With
                `run_eagerly` it is off, with a warning.
            auto_scale_loss: Whether the dtype policy `mixed_float16` wraps the optimizer in a `LossScaleOptimizer`.
                Defaults to True.
            **kwargs: Of older generations: `sample_weight_mode` (`None` or `"temporal"`, or a list or dict of them),
                `target_tensors` (the targets of `fit` and `evaluate` called without `y`), `pss_evaluation_shards`
                (int or `"auto"`; of use under a parameter server only); `distribute`, which is refused. Those
                that mean nothing without a session (`fetches`, …) are taken and ignored.

        Raises:
            ValueError: If optimizer, loss, metric or `sample_weight_mode` is unknown, or `distribute` is not `None`.
            TypeError: If a keyword is unknown.

        Example:
            >>> model.compile("adam", "mse", metrics=["mae"])  # doctest: +SKIP
        """
        settings = compile_arguments(received(locals()), kwargs)
        beyond = {name: settings.pop(name) for name in _BEYOND_KERAS}
        output_names = getattr(self, "output_names", None)
        check_optimizer(settings["optimizer"])
        check_loss(settings["loss"])
        check_metrics(settings["metrics"])
        check_metrics(settings["weighted_metrics"], "weighted_metrics")
        mode = beyond["sample_weight_mode"]
        check_sample_weight_mode(mode, output_names)
        ours = {name: settings[name] for name in _OURS}
        loss = metrics = None
        if ours["loss"] is not None:
            loss = CompiledLoss(ours["loss"], ours["loss_weights"], output_names, mode)
        if ours["metrics"] is not None or ours["weighted_metrics"] is not None:
            metrics = CompiledMetrics(ours["metrics"], ours["weighted_metrics"], output_names)
        super().compile(**settings | dict.fromkeys(_OURS))
        self._compile_config.config.update(ours)
        self.loss, self._compile_loss, self._compile_metrics = ours["loss"], loss, metrics
        for name, value in beyond.items():
            setattr(self, f"_{name}", value)
        self._loss_seen = False
        self.jit_compile_auto = settings["jit_compile"] == "auto"

    def get_compile_config(self) -> dict[str, Any]:
        """Give what `compile` was called with, ready to be written as JSON.

        Returns:
            The arguments of Keras 3 by name; empty for a model that was not compiled.
        """
        with original_names(self._compile_metrics):
            config: dict[str, Any] = super().get_compile_config()
        return config

    def compile_from_config(self, config: dict[str, Any]) -> None:
        """Compile with what `get_compile_config` gave.

        A class with a `compile` of its own has to have this of its own as well; else a warning is all that happens.

        Args:
            config: The arguments, as written.
        """
        if type(self).compile is not Compiling.compile:
            super().compile_from_config(config)  # Keras warns
            return
        self.compile(**keras.saving.deserialize_keras_object(config))
        if self.optimizer is not None and self.built:
            self.optimizer.build(self.trainable_variables)

    @property
    def run_eagerly(self) -> bool:
        """Whether steps run as Python instead of as a graph; may be set at any time. A dynamic model always does."""
        return bool(self._run_eagerly) or bool(getattr(self, "dynamic", False))

    @run_eagerly.setter
    def run_eagerly(self, value: bool | None) -> None:
        if bool(value) != self.run_eagerly:
            self._forget_functions()
        self._run_eagerly = bool(value)

    @property
    def jit_compile(self) -> bool:
        """Whether steps are compiled with XLA; may be set at any time."""
        resolved: bool = TensorFlowTrainer.jit_compile.fget(self)
        return resolved

    @jit_compile.setter
    def jit_compile(self, value: bool | None) -> None:
        if value != self._jit_compile:
            self._forget_functions()
        self.jit_compile_auto = False
        TensorFlowTrainer.jit_compile.fset(self, value)

    def _forget_functions(self) -> None:
        for name in ("train_function", "test_function", "predict_function"):
            setattr(self, name, None)

    @property
    def distribute_reduction_method(self) -> str:
        """How the results of several devices become one: `"auto"` unless set."""
        return self._distribute_reduction_method or "auto"

    @distribute_reduction_method.setter
    def distribute_reduction_method(self, value: str | None) -> None:
        self._distribute_reduction_method = value

    @property
    def metrics(self) -> list[Any]:
        """Loss, losses and metrics of each output, then metrics of the model and its layers; empty before any data.

        The name of each is its label in logs, in the list that `evaluate` returns, and in `metrics_names`.
        """
        metrics: list[Any] = []
        if self.compiled:
            if self._loss_tracker is not None and (self._loss_seen or getattr(self._compile_loss, "built", False)):
                metrics.append(self._loss_tracker)
            for compiled in (self._compile_loss, self._compile_metrics):
                metrics.extend(compiled.metrics if compiled is not None else ())
        metrics.extend(self._metrics)
        for layer in self._flatten_layers(include_self=False):
            if not isinstance(layer, KerasTrainer):
                metrics.extend(layer.metrics)
        return metrics

    @property
    def metrics_names(self) -> list[str]:
        """Labels of what `evaluate` returns, in its order; empty before the model has seen data."""
        return [metric.name for metric in self.metrics]

    def train_step(self, data: Any) -> Any:
        """Train one batch: forward pass, loss, gradients, update, metrics. To be overridden.

        Args:
            data: What the data gives for a batch: `x`, `(x, y)` or `(x, y, sample_weight)`.

        Returns:
            Values by name, for the logs.
        """
        self._loss_seen = True
        return super().train_step(data)

    def test_step(self, data: Any) -> Any:
        """Evaluate one batch. To be overridden.

        Args:
            data: As for `train_step`.

        Returns:
            Values by name, for the logs.
        """
        self._loss_seen = True
        return super().test_step(data)

    def compute_loss(
        self, x: Any = None, y: Any = None, y_pred: Any = None, sample_weight: Any = None, training: bool = True
    ) -> Any:
        """Compute the total loss of a batch: that of `compile`, of `add_loss` and of regularizers. To be overridden.

        Args:
            x: Inputs.
            y: Targets.
            y_pred: Outputs of the model.
            sample_weight: Weights of the samples. Defaults to `None`.
            training: Whether the model is trained or evaluated. Defaults to True.

        Returns:
            The loss, a scalar tensor.

        Raises:
            ValueError: If there is no loss at all, or targets and outputs do not fit.
        """
        if y is not None:
            # Here, or a `train_step` of the user's own that goes through `self.metrics` would not find them. A
            # `compute_loss` of the user's own may give its loss other targets than the metrics get.
            other_targets = self._overrides("compute_loss") and not self._overrides("train_step", "test_step")
            for compiled in (self._compile_loss, None if other_targets else self._compile_metrics):
                if compiled is not None and not compiled.built:
                    compiled.build(y, y_pred)
        return super().compute_loss(x, y, y_pred, sample_weight, training)

    def compiled_loss(self, y: Any, y_pred: Any, sample_weight: Any = None, regularization_losses: Any = None) -> Any:
        """Compute the loss of `compile` and track it, as a `train_step` written for tf.keras does.

        Args:
            y: Targets.
            y_pred: Outputs of the model.
            sample_weight: Weights of the samples. Defaults to `None`.
            regularization_losses: Losses to add, usually `self.losses`. Defaults to `None`.

        Returns:
            The loss, a scalar tensor.
        """
        loss = self._compile_loss(y, y_pred, sample_weight) if self._compile_loss is not None else 0.0
        for extra in regularization_losses or ():
            loss += self._aggregate_additional_loss(extra)
        self._loss_seen = True
        self._loss_tracker.update_state(loss, sample_weight=tf.shape(keras.tree.flatten(y_pred)[0])[0])
        return loss

    @property
    def compiled_metrics(self) -> CompiledMetrics:
        """The metrics of `compile`, with the `update_state(y, y_pred, sample_weight)` of tf.keras."""
        return self._compile_metrics or CompiledMetrics([], [])

    def reset_metrics(self) -> None:
        """Have all metrics begin anew, as each epoch and each evaluation does."""
        reset(self.metrics)

    def _get_metrics_result_or_logs(self, logs: Any) -> Any:
        ours = all(isinstance(one, StepFunction | None) for one in (self.train_function, self.test_function))
        if ours and not tf.distribute.has_strategy() and not self._overrides(*_MAKE_LOGS):
            return logs  # Keras's steps return the results of the metrics, and run in order
        # A step that returns its own loss, and never told the tracker, would come out as 0.
        tracker = self._loss_tracker
        if tracker is not None and tracker in self.metrics and not float(tracker.result()):
            return logs
        return super()._get_metrics_result_or_logs(logs)

    def _overrides(self, *methods: str) -> bool:
        """Say whether the model has a method of its own in the place of one of Keras's, of the class or the object."""
        return any(name in vars(self) or getattr(type(self), name) is not getattr(Compiling, name) for name in methods)

    def _ready(self, method: str, *, compiled: bool = True) -> None:
        """Raise unless a method can run here and now."""
        if tf.inside_function():
            raise InsideFunctionError(method)
        if compiled:
            self._assert_compile_called(method)

    @contextmanager
    def _new_functions_after_failure(self) -> Iterator[None]:
        """Forget the compiled functions if a step fails: TensorFlow cannot trace one again that failed half-way."""
        try:
            yield
        except Exception:
            self._forget_functions()
            raise

    def _assert_compile_called(self, method_name: str | None = None) -> None:
        if not self.compiled:
            raise NotCompiledError(method_name or "fit")
