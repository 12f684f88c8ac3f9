"""`fit_generator`, `evaluate_generator`, `predict_generator` of Keras 2.3 and TF 2.0."""

from __future__ import annotations

from typing import Any


class GeneratorMethods:
    """The part of `Trainer` that older scripts call: thin forms of `fit`, `evaluate` and `predict`."""

    fit: Any
    evaluate: Any
    predict: Any

    def fit_generator(
        self,
        generator: Any,
        steps_per_epoch: int | None = None,
        epochs: int = 1,
        verbose: int | str = 1,
        callbacks: Any = None,
        validation_data: Any = None,
        validation_steps: int | None = None,
        validation_freq: Any = 1,
        class_weight: Any = None,
        max_queue_size: int | None = None,
        workers: int | None = None,
        use_multiprocessing: bool | None = None,
        shuffle: bool = True,
        initial_epoch: int = 0,
    ) -> Any:
        """Train on a generator or a `Sequence`; `fit` does the same.

        Args:
            generator: Yields `(x, y)` or `(x, y, sample_weight)`, for ever; or a `Sequence`, which has an end.
            steps_per_epoch: Batches in an epoch. Defaults to `None`: the length of the `Sequence`.
            epochs: Number of the last epoch. Defaults to 1.
            verbose: As for `fit`. Defaults to 1.
            callbacks: As for `fit`. Defaults to `None`.
            validation_data: As for `fit`. Defaults to `None`.
            validation_steps: As for `fit`. Defaults to `None`.
            validation_freq: As for `fit`. Defaults to 1.
            class_weight: Weight of each class. Defaults to `None`.
            max_queue_size: Batches read ahead. Defaults to `None`: 10, or what the `Sequence` says.
            workers: Threads or processes that read; 0 reads in the calling thread. Defaults to `None`: 1, or what the
                `Sequence` says.
            use_multiprocessing: Whether the workers are processes. Defaults to `None`: no, or what the `Sequence` says.
            shuffle: Whether to shuffle the batches of a `Sequence`; without effect if `steps_per_epoch` is given.
                Defaults to True.
            initial_epoch: Number of epochs done before. Defaults to 0.

        Returns:
            The `History`.

        Raises:
            ValueError: If something else than such a tuple is yielded.
        """
        return self.fit(
            generator,
            epochs=epochs,
            verbose=verbose,
            callbacks=callbacks,
            validation_data=validation_data,
            shuffle=shuffle and steps_per_epoch is None,
            class_weight=class_weight,
            initial_epoch=initial_epoch,
            steps_per_epoch=steps_per_epoch,
            validation_steps=validation_steps,
            validation_freq=validation_freq,
            max_queue_size=max_queue_size,
            workers=workers,
            use_multiprocessing=use_multiprocessing,
        )

    def evaluate_generator(
        self,
        generator: Any,
        steps: int | None = None,
        callbacks: Any = None,
        max_queue_size: int | None = None,
        workers: int | None = None,
        use_multiprocessing: bool | None = None,
        verbose: int | str = 0,
    ) -> Any:
        """Evaluate on a generator or a `Sequence`; `evaluate` does the same.

        Args:
            generator: As for `fit_generator`.
            steps: Batches to take. Defaults to `None`: all of them.
            callbacks: As for `evaluate`. Defaults to `None`.
            max_queue_size: As for `fit_generator`.
            workers: As for `fit_generator`.
            use_multiprocessing: As for `fit_generator`.
            verbose: As for `evaluate`. Defaults to 0.

        Returns:
            The loss, or a list of loss and metrics.

        Raises:
            ValueError: If something else than such a tuple is yielded.
        """
        return self.evaluate(
            generator,
            verbose=verbose,
            steps=steps,
            callbacks=callbacks,
            max_queue_size=max_queue_size,
            workers=workers,
            use_multiprocessing=use_multiprocessing,
        )

    def predict_generator(
        self,
        generator: Any,
        steps: int | None = None,
        callbacks: Any = None,
        max_queue_size: int | None = None,
        workers: int | None = None,
        use_multiprocessing: bool | None = None,
        verbose: int | str = 0,
    ) -> Any:
        """Predict on a generator or a `Sequence`; `predict` does the same.

        Args:
            generator: As for `fit_generator`, or one that yields inputs alone.
            steps: Batches to take. Defaults to `None`: all of them.
            callbacks: As for `predict`. Defaults to `None`.
            max_queue_size: As for `fit_generator`.
            workers: As for `fit_generator`.
            use_multiprocessing: As for `fit_generator`.
            verbose: As for `predict`. Defaults to 0.

        Returns:
            The predictions.

        Raises:
            ValueError: If something else than inputs or such a tuple is yielded.
        """
        return self.predict(
            generator,
            verbose=verbose,
            steps=steps,
            callbacks=callbacks,
            max_queue_size=max_queue_size,
            workers=workers,
            use_multiprocessing=use_multiprocessing,
        )
