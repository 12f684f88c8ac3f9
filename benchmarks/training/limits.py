"""Loops written by hand: an epoch is one call of a compiled function, without metrics, without callbacks."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from benchmarks.training.cases import Case


def _listed(value: Any) -> list[Any]:
    return list(value) if isinstance(value, (list, tuple)) else [value]


def jax_scan(case: Case, keras: Any, data: tuple[Any, Any]) -> Callable[[], object]:
    """Give an epoch as a `jax.lax.scan` over stateless steps of a Keras model.

    Args:
        case: The case.
        keras: Keras with JAX as its backend.
        data: Inputs and targets.
    """
    import jax

    model = case.model(keras)
    losses = [keras.losses.get(name) for name in case.losses]
    arrays = jax.device_put((_listed(data[0]), _listed(data[1])))

    def loss_of(trainable: Any, rest: Any, x: Any, y: Any) -> Any:
        outputs, rest = model.stateless_call(trainable, rest, x[0] if len(x) == 1 else x, training=True)
        pairs = zip(losses, y, _listed(outputs), strict=True)
        return sum(loss(_as_column(target, output), output).mean() for loss, target, output in pairs), rest

    gradient = jax.value_and_grad(loss_of, has_aux=True)

    def step(state: Any, rows: Any) -> tuple[Any, Any]:
        trainable, rest, optimizer = state
        x, y = jax.tree_util.tree_map(lambda array: array[rows], arrays)
        (loss, rest), gradients = gradient(trainable, rest, x, y)
        trainable, optimizer = model.optimizer.stateless_apply(optimizer, gradients, trainable)
        return (trainable, rest, optimizer), loss

    @jax.jit  # type: ignore[untyped-decorator]  # not installed where types are checked
    def epoch(state: Any, key: Any) -> tuple[Any, Any]:
        order = jax.random.permutation(key, case.rows)
        whole = case.rows // case.batch * case.batch
        state, found = jax.lax.scan(step, state, order[:whole].reshape(-1, case.batch))
        if whole < case.rows:
            state, _ = step(state, order[whole:])
        return state, found

    model.optimizer.build(model.trainable_variables)
    values = [
        [variable.value for variable in variables]
        for variables in (model.trainable_variables, model.non_trainable_variables, model.optimizer.variables)
    ]
    kept: dict[str, Any] = {"state": tuple(values), "key": jax.random.key(0)}

    def run() -> None:
        kept["key"], key = jax.random.split(kept["key"])
        kept["state"], losses_found = epoch(kept["state"], key)
        np.asarray(losses_found)

    return run


def _as_column(target: Any, output: Any) -> Any:
    return target if target.ndim in (1, output.ndim) else target[..., None]


def tensorflow_loop(case: Case, keras: Any, data: tuple[Any, Any], jit_compile: bool) -> Callable[[], object]:
    """Give an epoch as one `tf.function` with a loop over `GradientTape` and TensorFlow's own operation for Adam.

    Args:
        case: The case.
        keras: Keras with TensorFlow as its backend.
        data: Inputs and targets.
        jit_compile: Whether XLA compiles it.
    """
    import tensorflow as tf

    model = case.model(keras)
    losses = [keras.losses.get(name) for name in case.losses]
    x, y = ([tf.constant(array) for array in _listed(part)] for part in data)
    update = _adam(tf, [variable.value for variable in model.trainable_variables])

    def step(rows: Any) -> Any:
        inputs, targets = ([tf.gather(array, rows) for array in part] for part in (x, y))
        with tf.GradientTape() as tape:
            outputs = _listed(model(inputs[0] if len(inputs) == 1 else inputs, training=True))
            pairs = zip(losses, targets, outputs, strict=True)
            loss = tf.add_n([tf.reduce_mean(one(target, output)) for one, target, output in pairs])
        variables = [variable.value for variable in model.trainable_variables]
        update([tf.convert_to_tensor(gradient) for gradient in tape.gradient(loss, variables)])
        return loss

    steps = case.rows // case.batch
    whole = steps * case.batch

    @tf.function(jit_compile=jit_compile, autograph=False)  # type: ignore[untyped-decorator]  # TensorFlow is untyped
    def epoch(order: Any) -> Any:
        def body(number: Any, found: Any) -> Any:
            rows = tf.slice(order, [number * case.batch], [case.batch])
            return number + 1, found.write(number, step(rows))

        found = tf.TensorArray(tf.float32, steps, element_shape=[])
        _, found = tf.while_loop(lambda number, _: number < steps, body, [0, found], parallel_iterations=1)
        if whole < case.rows:
            step(order[whole:])
        return found.stack()

    return lambda: epoch(tf.random.shuffle(tf.range(case.rows))).numpy()


def _adam(tf: Any, variables: list[Any]) -> Callable[[list[Any]], None]:
    """Give a function that moves variables by their gradients."""
    moments = [(tf.Variable(tf.zeros_like(one)), tf.Variable(tf.zeros_like(one))) for one in variables]
    powers = tf.Variable(0.9), tf.Variable(0.999)

    def update(gradients: list[Any]) -> None:
        for variable, (first, second), gradient in zip(variables, moments, gradients, strict=True):
            tf.raw_ops.ResourceApplyAdam(
                var=variable.handle,
                m=first.handle,
                v=second.handle,
                beta1_power=powers[0],
                beta2_power=powers[1],
                lr=0.001,
                beta1=0.9,
                beta2=0.999,
                epsilon=1e-7,
                grad=gradient,
            )
        powers[0].assign(powers[0] * 0.9)
        powers[1].assign(powers[1] * 0.999)

    return update
