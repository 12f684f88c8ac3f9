"""`fit`, `evaluate` and `predict`."""

from __future__ import annotations

from typing import Any

from kerastui.engine.keras_private import TensorFlowTrainer, filter_traceback
from kerastui.engine.training import loop
from kerastui.engine.training.arguments import evaluate_arguments, fit_arguments, received


class Fitting(TensorFlowTrainer):  # type: ignore[misc]  # Keras ships no types
    """The part of `Trainer` that goes through whole data."""

    @filter_traceback  # type: ignore[untyped-decorator]
    def fit(
        self,
        x: Any = None,
        y: Any = None,
        batch_size: int | None = None,
        epochs: int = 1,
        verbose: int | str = "auto",
        callbacks: Any = None,
        validation_split: float = 0.0,
        validation_data: Any = None,
        shuffle: bool | str = True,
        class_weight: Any = None,
        sample_weight: Any = None,
        initial_epoch: int = 0,
        steps_per_epoch: int | None = None,
        validation_steps: int | None = None,
        validation_batch_size: int | None = None,
        validation_freq: Any = 1,
        max_queue_size: int | None = None,
        workers: int | None = None,
        use_multiprocessing: bool | None = None,
        **kwargs: Any,
    ) -> Any:
        """Train for a number of epochs.

        Args:
            x: Inputs: array, tensor, data frame or HDF5 data set of shape `(samples, …)`, or a list or dict of them in
                the structure of the model's input; or all of the data as a `tf.data.Dataset`, generator, iterator,
                `PyDataset` (`Sequence`) or `DatasetCreator` of `x`, `(x, y)` or `(x, y, sample_weight)`. Defaults to
                `None`: the tensors bound to the model's inputs.
            y: Targets, as `x`; not with data that holds them. Defaults to `None`: the `target_tensors` of `compile`.
            batch_size: Samples in a batch, for arrays. Defaults to `None`: 32.
            epochs: Number of the last epoch. Defaults to 1.
            verbose: 0 is silent, 1 a progress bar, 2 a line for each epoch. Defaults to `"auto"`: 1.
            callbacks: `keras.callbacks.Callback`s. Defaults to `None`.
            validation_split: Share of the samples, taken from the end before shuffling, to validate on; for
                arrays. Defaults to 0.
            validation_data: Data to validate on: a tuple or list `(x, y)` or `(x, y, sample_weight)`, or any
                kind that holds them; wins over `validation_split`. Defaults to `None`.
            shuffle: Whether each epoch has an order of its own: of the samples of arrays, of the batches of a
                `PyDataset`. `"batch"` moves whole batches. Without effect on streams. Defaults to True.
            class_weight: Weight of each class, `{class: weight}`; multiplied with `sample_weight`. Defaults to `None`.
            sample_weight: Weights of the samples, shape `(samples,)`, or `(samples, steps)`; a list or dict for
                several outputs. Defaults to `None`.
            initial_epoch: Number of epochs done before. Defaults to 0.
            steps_per_epoch: Batches in an epoch; -1 trains on endless data without end. Defaults to `None`: all data.
            validation_steps: Batches of a validation, from the beginning each time. Defaults to `None`: all data.
            validation_batch_size: Samples in a batch of the validation. Defaults to `None`: `batch_size`.
            validation_freq: Validate every so many epochs, or after the epochs in a collection, counted from 1.
                Defaults to 1.
            max_queue_size: Batches read ahead, for generators and `PyDataset`. Defaults to `None`: what the
                data says, else 10.
            workers: Threads or processes that read those; 0 reads in the calling thread. Defaults to `None`: what the
                data says, else 1.
            use_multiprocessing: Whether the workers are processes, for a `PyDataset`. Defaults to `None`: what the data
                says, else no.
            **kwargs: `nb_epoch`, the name of `epochs` in the first versions of Keras.

        Returns:
            The `History`: `history.history` has a list with a value for each epoch by name, validation as `val_…`.

        Raises:
            RuntimeError: If the model was never compiled (also a ValueError), or inside a `tf.function`.
            ValueError: If the data is empty, does not fit the model or together, or yields what it must not.
            TypeError: If a keyword is unknown.

        Example:
            >>> history = model.fit(x, y, epochs=3, validation_split=0.2)  # doctest: +SKIP
        """
        values = fit_arguments(received(locals()), kwargs)
        self._ready("fit")
        values = self._with_bound_data(values)
        with self._new_functions_after_failure():
            return loop.fit(self, values)

    @filter_traceback  # type: ignore[untyped-decorator]
    def evaluate(
        self,
        x: Any = None,
        y: Any = None,
        batch_size: int | None = None,
        verbose: int | str = "auto",
        sample_weight: Any = None,
        steps: int | None = None,
        callbacks: Any = None,
        return_dict: bool = False,
        max_queue_size: int | None = None,
        workers: int | None = None,
        use_multiprocessing: bool | None = None,
        **kwargs: Any,
    ) -> Any:
        """Compute loss and metrics over data, without training.

        Args:
            x: As for `fit`.
            y: As for `fit`.
            batch_size: Samples in a batch, for arrays. Defaults to `None`: 32.
            verbose: 0 is silent, 1 a progress bar, 2 a line. Defaults to `"auto"`: 1.
            sample_weight: As for `fit`.
            steps: Batches to take. Defaults to `None`: all data.
            callbacks: As for `fit`.
            return_dict: Whether to return a dict. Defaults to False. A number here is `max_queue_size`, as in tf.keras.
            max_queue_size: As for `fit`.
            workers: As for `fit`.
            use_multiprocessing: As for `fit`.
            **kwargs: None that a caller passes.

        Returns:
            The loss; a list in the order of `metrics_names` if there is more; a dict if asked for.

        Raises:
            RuntimeError: If the model was never compiled (also a ValueError), or inside a `tf.function`.
            ValueError: If the data is empty or does not fit.
            TypeError: If a keyword is unknown (also a ValueError).

        Example:
            >>> results = model.evaluate(x, y, return_dict=True)  # doctest: +SKIP
        """
        given = received(locals())
        # Keras's name: a class that overrides `evaluate` hands it on, and so does the validation in `fit`.
        cached = kwargs.pop("_use_cached_eval_dataset", False)
        self._ready("evaluate")
        values = evaluate_arguments(given, kwargs)
        values = values if cached else self._with_bound_data(values)
        with self._new_functions_after_failure():
            results = loop.evaluate(self, values, self._eval_epoch_iterator if cached else None)
        return results if values["return_dict"] else self._flatten_metrics_in_order(results)

    @filter_traceback  # type: ignore[untyped-decorator]
    def predict(
        self,
        x: Any = None,
        batch_size: int | None = None,
        verbose: int | str = "auto",
        steps: int | None = None,
        callbacks: Any = None,
        max_queue_size: int | None = None,
        workers: int | None = None,
        use_multiprocessing: bool | None = None,
    ) -> Any:
        """Compute the outputs for data, batch by batch.

        Args:
            x: As for `fit`; targets in it are ignored.
            batch_size: Samples in a batch, for arrays. Defaults to `None`: 32.
            verbose: 0 is silent, 1 a progress bar, 2 a line. Defaults to `"auto"`: 1.
            steps: Batches to take. Defaults to `None`: all data.
            callbacks: As for `fit`.
            max_queue_size: As for `fit`.
            workers: As for `fit`.
            use_multiprocessing: As for `fit`.

        Returns:
            The outputs, as arrays of shape `(samples, …)` in the structure of the model's output.

        Raises:
            RuntimeError: If inside a `tf.function`.
            ValueError: If the data is empty or does not fit, or a stateful model gets a number of samples that is
                no multiple of the batch size.

        Example:
            >>> classes = model.predict(x).argmax(axis=-1)  # doctest: +SKIP
        """
        values = received(locals()) | {"y": None}
        self._ready("predict", compiled=False)
        values = self._with_bound_data(values)
        with self._new_functions_after_failure():
            return loop.predict(self, values)

    def _with_bound_data(self, values: dict[str, Any]) -> dict[str, Any]:
        """Fill in the tensors bound to the inputs for `x=None`, and the `target_tensors` of `compile` for `y=None`."""
        if values["x"] is None:
            values["x"] = self._bound_inputs()
            if values["x"] is None:
                raise ValueError(
                    "`x` must be given: no tensors are bound to the inputs of the model "
                    "(`Input(tensor=…)`). Received: x=None"
                )
        if values["y"] is None and self._target_tensors is not None and not _holds_targets(values["x"]):
            values["y"] = self._target_tensors
        return values

    def _bound_inputs(self) -> Any:
        """Give the data for `x=None`; a model built from inputs may have some."""
        return None


def _holds_targets(x: Any) -> bool:
    """Tell data that comes with its targets from inputs alone: it has no shape, and is no collection of such."""
    return not hasattr(x, "shape") and not isinstance(x, (list, tuple, dict))
