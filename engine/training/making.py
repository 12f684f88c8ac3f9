"""The functions that run the steps, made once and kept."""

from __future__ import annotations

from typing import Any

from kerastui.engine.keras_private import TensorFlowTrainer, fast_step
from kerastui.engine.training.functions import PredictFunction, StepFunction


class Making(TensorFlowTrainer):  # type: ignore[misc]  # Keras ships no types
    """The part of `Trainer` that makes compiled functions of its steps."""

    train_function: Any
    test_function: Any
    predict_function: Any

    def make_train_function(self, force: bool = False) -> Any:
        """Make the function that trains the next batches of an iterator. To be overridden.

        Args:
            force: Whether to make it anew. Defaults to False: the one made before, unless `compile` came after.

        Returns:
            A function of an iterator over batches; it returns the logs of the last one it trained.
        """
        if self.train_function is None or force:
            step = fast_step(self.train_step)
            self.train_function = StepFunction(self._make_function(step), step)
        return self.train_function

    def make_test_function(self, force: bool = False) -> Any:
        """Make the function that evaluates the next batches of an iterator. To be overridden.

        Args:
            force: Whether to make it anew. Defaults to False: the one made before, unless `compile` came after.

        Returns:
            A function of an iterator over batches; it returns the logs of the last one it evaluated.
        """
        if self.test_function is None or force:
            step = fast_step(self.test_step)
            self.test_function = StepFunction(self._make_function(step), step)
        return self.test_function

    def make_predict_function(self, force: bool = False) -> Any:
        """Make the function that predicts the next batches of an iterator. To be overridden.

        Args:
            force: Whether to make it anew. Defaults to False: the one made before, unless `compile` came after.

        Returns:
            A function of an iterator over batches, or of a list of them as in Keras 3; it returns the outputs.
        """
        if self.predict_function is None or force:
            super().make_predict_function(force=True)
            self.predict_function = PredictFunction(
                self.predict_function, self.predict_step, lambda: self.steps_per_execution
            )
        return self.predict_function

    def _made(self, name: str, function: Any) -> None:
        """Keep what a `make_…_function` returned; one written for Keras 3 returns nothing and has kept it itself."""
        if function is not None:
            setattr(self, name, function)
