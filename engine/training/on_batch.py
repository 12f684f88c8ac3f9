"""One batch at a time: `train_on_batch`, `test_on_batch`, `predict_on_batch`."""

from __future__ import annotations

from typing import Any

from kerastui.engine.keras_private import TensorFlowTrainer, convert_to_np_if_not_ragged, filter_traceback, keras
from kerastui.engine.training.arguments import on_batch_flags
from kerastui.engine.training.data.class_weights import weigh
from kerastui.engine.training.data.datasets import take_batch
from kerastui.engine.training.functions import upcoming
from kerastui.engine.training.loop import to_python
from kerastui.engine.training.shapes import check_inputs
from kerastui.engine.training.targets import check_targets


class OnBatch(TensorFlowTrainer):  # type: ignore[misc]  # Keras ships no types
    """The part of `Trainer` that takes single batches."""

    @filter_traceback  # type: ignore[untyped-decorator]
    def train_on_batch(
        self,
        x: Any,
        y: Any = None,
        sample_weight: Any = None,
        class_weight: Any = None,
        return_dict: bool = False,
        *older: bool,
        reset_metrics: bool = True,
    ) -> Any:
        """Train one batch.

        Args:
            x: Inputs, shape `(batch, …)`, in the structure of the model's input; or a `tf.data.Dataset`, of which the
                next batch is taken.
            y: Targets. Defaults to `None`.
            sample_weight: Weights of the samples, shape `(batch,)`, or `(batch, steps)`. Defaults to `None`.
            class_weight: Weight of each class, `{class: weight}`; multiplied with `sample_weight`. Defaults to `None`.
            return_dict: Whether to return a dict. Defaults to False.
            *older: One more value by position means the order of tf.keras: `reset_metrics`, `return_dict`.
            reset_metrics: Whether loss and metrics are of this batch alone. Defaults to True; False goes on
                from the batch before.

        Returns:
            The loss; a list in the order of `metrics_names` if there are metrics; a dict if asked for.

        Raises:
            RuntimeError: If the model was never compiled (also a ValueError), or inside a `tf.function`.
            ValueError: If the data does not fit.

        Example:
            >>> loss = model.train_on_batch(x[:32], y[:32])  # doctest: +SKIP
        """
        return_dict, reset_metrics = on_batch_flags(return_dict, older, reset_metrics)
        self._ready("train_on_batch")
        x, y, sample_weight = take_batch(x, y, sample_weight)
        if class_weight is not None:
            sample_weight = weigh(y, class_weight, sample_weight)
        if not self._overrides("train_step"):
            check_inputs(self, x)
        check_targets(self, y)
        self._maybe_symbolic_build(data_batch=(x, y, sample_weight))
        self._made("train_function", self.make_train_function())
        if reset_metrics:
            self.reset_metrics()
        with self._new_functions_after_failure():
            logs = to_python(self.train_function(iter([(x, y, sample_weight)])))
        return logs if return_dict else self._flatten_metrics_in_order(logs)

    @filter_traceback  # type: ignore[untyped-decorator]
    def test_on_batch(
        self,
        x: Any,
        y: Any = None,
        sample_weight: Any = None,
        return_dict: bool = False,
        *older: bool,
        reset_metrics: bool = True,
    ) -> Any:
        """Evaluate one batch, without training.

        Args:
            x: As for `train_on_batch`.
            y: Targets. Defaults to `None`.
            sample_weight: Weights of the samples. Defaults to `None`.
            return_dict: Whether to return a dict. Defaults to False.
            *older: One more value by position means the order of tf.keras: `reset_metrics`, `return_dict`.
            reset_metrics: Whether loss and metrics are of this batch alone. Defaults to True.

        Returns:
            As `train_on_batch`.

        Raises:
            RuntimeError: If the model was never compiled (also a ValueError), or inside a `tf.function`.
            ValueError: If the data does not fit.
        """
        return_dict, reset_metrics = on_batch_flags(return_dict, older, reset_metrics)
        self._ready("test_on_batch")
        x, y, sample_weight = take_batch(x, y, sample_weight)
        if not self._overrides("test_step"):
            check_inputs(self, x)
        check_targets(self, y)
        self._maybe_symbolic_build(data_batch=(x, y, sample_weight))
        self._made("test_function", self.make_test_function())
        if reset_metrics:
            self.reset_metrics()
        with self._new_functions_after_failure():
            logs = to_python(self.test_function(iter([(x, y, sample_weight)])))
        return logs if return_dict else self._flatten_metrics_in_order(logs)

    @filter_traceback  # type: ignore[untyped-decorator]
    def predict_on_batch(self, x: Any) -> Any:
        """Predict one batch.

        Args:
            x: As for `train_on_batch`.

        Returns:
            The outputs, as arrays in the structure of the model's output.

        Raises:
            RuntimeError: If inside a `tf.function`.
            ValueError: If the data does not fit.
        """
        self._ready("predict_on_batch", compiled=False)
        x, _, _ = take_batch(x)
        if not self._overrides("predict_step"):
            check_inputs(self, x)
        self._made("predict_function", self.make_predict_function())
        with self._new_functions_after_failure():
            outputs = self.predict_function(upcoming(iter([(x,)]), 1))
        return keras.tree.map_structure(convert_to_np_if_not_ragged, outputs)
