"""`Trainer`: what makes anything with a `call` compile, fit, evaluate and predict, blocking or awaited."""

from __future__ import annotations

from typing import Any

from kerastui.engine.training.compiling import Compiling
from kerastui.engine.training.fitting import Fitting
from kerastui.engine.training.generators import GeneratorMethods
from kerastui.engine.training.making import Making
from kerastui.engine.training.on_batch import OnBatch
from kerastui.engine.training.run import TrainingRun, run_async


class Trainer(Compiling, Making, Fitting, OnBatch, GeneratorMethods):
    """Training as a mixin; put it before the Keras layer it is mixed into.

    It understands the calls of Keras 3, tf.keras 2.13, tf.keras 2.9, TF 2.0 and Keras 2.3; docs/model.md has the
    table. What a class may override is Keras's: `train_step`, `test_step`, `predict_step`, `compute_loss`,
    `compute_metrics`, `make_train_function`, ….

    The awaited methods run in one worker thread of the process, in the order they were called; the event loop stays
    free. `predict_async` alone does not queue behind a running training: it is served between two batches, and while
    the training is paused.

    Example:
        >>> import keras
        >>> class Line(Trainer, keras.layers.Dense):
        ...     def __init__(self, units):
        ...         keras.layers.Dense.__init__(self, units)
        ...         Trainer.__init__(self)
        >>> line = Line(1)
        >>> line.compile("sgd", "mse")
    """

    async def fit_async(self, *args: Any, **kwargs: Any) -> Any:
        """Train like `fit`, without blocking the event loop.

        If the awaiting task is cancelled, the training ends after the batch in work and the model stays usable.

        Args:
            *args: As for `fit`.
            **kwargs: As for `fit`, but `verbose` defaults to 0.

        Returns:
            The `History`, as `fit` does.

        Raises:
            Exception: What `fit` raises.

        Example:
            >>> history = await model.fit_async(x, y, epochs=3)  # doctest: +SKIP
        """
        return await run_async(self.fit, args, kwargs)

    async def evaluate_async(self, *args: Any, **kwargs: Any) -> Any:
        """Evaluate like `evaluate`, without blocking the event loop.

        Args:
            *args: As for `evaluate`.
            **kwargs: As for `evaluate`, but `verbose` defaults to 0.

        Returns:
            Loss and metrics, as `evaluate` does.

        Raises:
            Exception: What `evaluate` raises.

        Example:
            >>> loss = await model.evaluate_async(x, y)  # doctest: +SKIP
        """
        return await run_async(self.evaluate, args, kwargs)

    async def predict_async(self, *args: Any, **kwargs: Any) -> Any:
        """Predict like `predict`, without blocking the event loop; also while a training is paused.

        Args:
            *args: As for `predict`.
            **kwargs: As for `predict`, but `verbose` defaults to 0.

        Returns:
            The predictions, as `predict` does.

        Raises:
            Exception: What `predict` raises.

        Example:
            >>> classes = (await model.predict_async(x)).argmax(axis=-1)  # doctest: +SKIP
        """
        return await run_async(self.predict, args, kwargs, between_batches=True)

    def training(self, *args: Any, **kwargs: Any) -> TrainingRun:
        """Prepare a training whose progress is read with `async for` and that can be paused, stepped and stopped.

        It starts when the first event is asked for, or on entering `async with`.

        Args:
            *args: As for `fit`.
            **kwargs: As for `fit`, but `verbose` defaults to 0.

        Returns:
            The run: an async iterator of `kerastui.engine.training.events.TrainingEvent`.

        Example:
            >>> async for event in model.training(x, y, epochs=3):  # doctest: +SKIP
            ...     print(event)
        """
        return TrainingRun(self.fit, args, kwargs)
