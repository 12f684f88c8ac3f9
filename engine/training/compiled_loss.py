"""The losses of `compile`: one per output, weighted, added up, and each tracked under a label of its own."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final, NamedTuple

import tensorflow as tf

from kerastui.engine.keras_private import get_loss, keras
from kerastui.engine.training.labels import Outputs, is_container, unique
from kerastui.engine.training.nearest import by_likeness

TEMPORAL: Final = "temporal"

_ROWS = 1  # the rank of weights that have one value per sample


class _Term(NamedTuple):
    """One loss of one output."""

    output: int
    loss: Any
    weight: Any
    mean: Any


class CompiledLoss:
    """What a model minimises, as far as `compile` says it.

    Args:
        loss: A loss for all outputs, or a list, dict or structure with one per output; `None` for an output without.
            A list for a single output is the sum of its losses.
        loss_weights: Factors, in the same way. Defaults to `None`: all 1.
        output_names: The names of the model's outputs in flat order. Defaults to `None`: `output_1`, `output_2`, ….
        sample_weight_mode: `"temporal"` where weights must have the rank `(samples, steps)`; `None`, a string, or a
            list or dict with one per output. Defaults to `None`: any weights that fit.

    Example:
        >>> loss = CompiledLoss({"a": "mse", "b": "mae"}, {"b": 0.5}, output_names=["a", "b"])
        >>> total = loss([y_a, y_b], model(x))  # doctest: +SKIP
    """

    def __init__(
        self,
        loss: Any,
        loss_weights: Any = None,
        output_names: Sequence[str] | None = None,
        sample_weight_mode: Any = None,
    ) -> None:
        self._loss = loss
        self._loss_weights = loss_weights
        self._output_names = output_names
        self._sample_weight_mode = sample_weight_mode
        self._dtype = keras.config.floatx()
        self._terms: list[_Term] = []
        self._ranks: dict[int, int] = {}
        self.built = False

    @property
    def metrics(self) -> list[Any]:
        """The mean of each loss, without its factor, where there is more than one; empty before the first data."""
        return [term.mean for term in self._terms if term.mean is not None]

    @property
    def variables(self) -> list[Any]:
        """The variables of `metrics`."""
        return [variable for metric in self.metrics for variable in metric.variables]

    def losses_of(self, outputs: Outputs) -> list[tuple[Any, ...]]:
        """Find the losses of each output, as they were given.

        Args:
            outputs: The outputs of the model.

        Returns:
            For each output in flat order its losses; none for an output without.

        Raises:
            ValueError: If the structure or length is another one, or a name is no output's.
        """
        found = outputs.spread("loss", self._loss)
        return [tuple(one for one in _flat(losses) if one is not None) for losses in found]

    def targets_of(self, outputs: Outputs, y_true: Any) -> list[Any]:
        """Find the target of each output.

        Args:
            outputs: The outputs of the model.
            y_true: The targets as they were given.

        Returns:
            For each output in flat order its target; `None` where there is none and no loss that needs it.

        Raises:
            ValueError: If there is another number of targets, a name is no output's, or an output with a loss has none.
        """
        losses = self.losses_of(outputs)
        targets = outputs.targets(y_true, [bool(one) for one in losses])
        without = [
            repr(label)
            for label, target, one in zip(outputs.labels, targets, losses, strict=True)
            if one and target is None
        ]
        if without:
            received = "y=None" if y_true is None else f"y without a target for {', '.join(without)}"
            raise ValueError(
                f"`y` must have a target for each output with a loss. `compile()` was called with loss={self._loss!r}. "
                f"Received: {received}"
            )
        return targets

    def build(self, y_true: Any, y_pred: Any) -> None:
        """Make the losses, now that the shapes are known; a second call changes nothing.

        Args:
            y_true: Targets.
            y_pred: Outputs of the model.

        Raises:
            ValueError: If losses, factors or targets do not fit the outputs.
        """
        if self.built:
            return
        outputs = Outputs(y_pred, self._output_names)
        losses = self.losses_of(outputs)
        targets = self.targets_of(outputs, y_true)
        factors = self._factors(outputs, losses)
        entries = [
            (index, get_loss(one, targets[index], outputs.tensors[index]), factor)
            for index, given in enumerate(losses)
            for one, factor in zip(given, factors[index], strict=True)
        ]
        means: list[Any] = [None] * len(entries)
        if len(entries) > 1:
            labels = unique(f"{outputs.labels[index]}_loss" for index, _, _ in entries)
            with tf.init_scope():  # variables must outlive the graph that is being traced
                means = [keras.metrics.Mean(name=label) for label in labels]
        self._terms = [_Term(*entry, mean) for entry, mean in zip(entries, means, strict=True)]
        self.built = True

    def __call__(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> Any:
        """Compute the total of a batch, and count each loss in its mean.

        Args:
            y_true: Targets: one, or as many as outputs, as a list, a dict by name or the structure of `y_pred`.
            y_pred: Outputs of the model.
            sample_weight: Weights for all outputs, or a list or dict with one per output. Shape `(batch,)`, or more of
                the leading axes of the output. Defaults to `None`.

        Returns:
            The weighted sum, a scalar unless a loss keeps one value per sample; `None` if no output has a loss.

        Raises:
            ValueError: If targets or weights do not fit the outputs.
        """
        with keras.name_scope("compile_loss"):
            self.build(y_true, y_pred)
            outputs = Outputs(y_pred, self._output_names)
            targets = self.targets_of(outputs, y_true)
            weights = self._weights(sample_weight, outputs)
            values = [
                self._value(number, targets[term.output], outputs.tensors[term.output], weights[term.output], outputs)
                for number, term in enumerate(self._terms)
            ]
            return sum(values[1:], values[0]) if values else None

    def _value(self, number: int, y_true: Any, y_pred: Any, weight: Any, outputs: Outputs) -> Any:
        term = self._terms[number]
        if weight is not None:
            weight = self._fitted(number, y_true, y_pred, weight, outputs.labels[term.output])
        value = keras.ops.cast(term.loss(y_true, y_pred, weight), self._dtype)
        if term.mean is not None:
            replicas = tf.distribute.get_strategy().num_replicas_in_sync
            rows = keras.ops.shape(y_pred)[0]
            term.mean.update_state(value * replicas if replicas > 1 else value, sample_weight=rows)
        return value if term.weight is None else keras.ops.multiply(value, term.weight)

    def _factors(self, outputs: Outputs, losses: list[tuple[Any, ...]]) -> list[tuple[Any, ...]]:
        """The factor of each loss of each output."""
        factors = []
        for given, one in zip(outputs.spread("loss_weights", self._loss_weights), losses, strict=True):
            each = tuple(given) if is_container(given) else (given,) * len(one)
            if len(each) != len(one):
                raise ValueError(
                    f"`loss_weights` must have one number per loss: expected {len(one)} for an output, found "
                    f"{len(each)}. Received: loss_weights={self._loss_weights!r}"
                )
            factors.append(each)
        return factors

    def _weights(self, sample_weight: Any, outputs: Outputs) -> list[Any]:
        if sample_weight is None:
            return [None] * len(outputs)
        weights = [
            None if weight is None else keras.ops.convert_to_tensor(weight)
            for weight in outputs.sample_weights(sample_weight)
        ]
        modes = outputs.spread("sample_weight_mode", self._sample_weight_mode)
        for label, mode, weight in zip(outputs.labels, modes, weights, strict=True):
            if mode == TEMPORAL and weight is not None and len(weight.shape) <= _ROWS:
                raise ValueError(
                    f"`sample_weight` of output {label!r} must have the shape (samples, steps), since `compile()` was "
                    f'called with sample_weight_mode="temporal". Received: sample_weight of shape {weight.shape}'
                )
        return weights

    def _fitted(self, number: int, y_true: Any, y_pred: Any, weight: Any, label: str) -> Any:
        """Give weights the rank of the values they multiply.

        Keras multiplies weights of shape `(batch,)` with values of shape `(batch, steps)` as they are: an error, or,
        where both numbers are the same, weights of steps in place of samples.
        """
        rank = len(weight.shape)
        loss = self._terms[number].loss
        usual = rank == 0 or (rank == len(y_pred.shape) - 1 and _is_of_keras(loss))
        if usual or type(loss).__call__ is not keras.losses.Loss.__call__:
            return weight
        wanted = self._rank_of_values(number, y_true, y_pred)
        if wanted == 0:
            return weight
        if rank > wanted and any(size not in (1, None) for size in weight.shape[wanted:]):
            raise ValueError(
                f"`sample_weight` of output {label!r} must have at most the shape of its loss, which has {wanted} "
                f"axes. Received: sample_weight of shape {weight.shape}"
            )
        if rank >= wanted:
            return weight
        weight = keras.ops.reshape(weight, (*_sizes(weight), *(1,) * (wanted - rank)))
        return keras.ops.broadcast_to(weight, _sizes(y_pred)[:wanted])

    def _rank_of_values(self, number: int, y_true: Any, y_pred: Any) -> int:
        if number not in self._ranks:
            loss = self._terms[number].loss
            values = loss.call(keras.ops.cast(y_true, loss.dtype), keras.ops.cast(y_pred, loss.dtype))
            self._ranks[number] = len(values.shape)
        return self._ranks[number]


def check_sample_weight_mode(mode: Any, output_names: Sequence[str] | None = None) -> None:
    """Refuse a mode that no generation has.

    Args:
        mode: As given to `compile`: `None` or `"temporal"`, or a list or dict of these with one per output.
        output_names: The names of the outputs, if they are known. Defaults to `None`.

    Raises:
        ValueError: If it is anything else, or the list has another length, or a name is no output's.
    """
    modes = list(mode.values()) if isinstance(mode, dict) else list(mode) if is_container(mode) else [mode]
    if any(one is not None and one != TEMPORAL for one in modes):
        raise ValueError(
            '`sample_weight_mode` must be None or "temporal", or a list or dict of these with one per output. '
            f"Received: sample_weight_mode={mode!r}"
        )
    if output_names is None:
        return
    if isinstance(mode, dict):
        for name in mode:
            if name not in output_names:
                raise ValueError(
                    f"`sample_weight_mode` names an output that the model does not have: {name!r}. Its outputs, "
                    f"nearest first: {by_likeness(str(name), output_names)}. Received: sample_weight_mode={mode!r}"
                )
    elif is_container(mode) and len(mode) != len(output_names):
        raise ValueError(
            f"`sample_weight_mode` must have one entry for each of the {len(output_names)} outputs. "
            f"Received: sample_weight_mode={mode!r}"
        )


def _flat(value: Any) -> list[Any]:
    return [leaf for item in value for leaf in _flat(item)] if isinstance(value, (list, tuple)) else [value]


def _is_of_keras(loss: Any) -> bool:
    """Tell whether a loss is one of Keras's, which reduce the last axis and no other."""
    return str(getattr(getattr(loss, "fn", loss), "__module__", "")).startswith("keras.")


def _sizes(tensor: Any) -> tuple[Any, ...]:
    return tuple(keras.ops.shape(tensor))
