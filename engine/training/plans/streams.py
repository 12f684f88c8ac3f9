"""The plan for streams: one call of a compiled function takes as many batches of an iterator as come in its time."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import tensorflow as tf

from kerastui.engine.keras_private import keras
from kerastui.engine.training.batches import Batches
from kerastui.engine.training.functions import StepFunction
from kerastui.engine.training.plans.chunks import CAPACITY, Chunks, NotChunkableError
from kerastui.engine.training.plans.length import SECONDS, ChunkLength
from kerastui.engine.training.plans.telling import STEPWISE, Telling, say_plan


class StreamPlan:
    """Runs epochs of a step over what a `tf.data` pipeline gives.

    Args:
        kind: `"train"`, `"test"` or `"predict"`.
        model: The model.
        function: Its function for that.
        batches: The data.
    """

    def __init__(self, kind: str, model: Any, function: StepFunction, batches: Batches) -> None:
        self._kind = kind
        self._model = model
        self._function = function
        self._batches = batches

    def run(self, callbacks: Any, epochs_left: int = 1) -> list[Any]:
        """Run one epoch.

        Args:
            callbacks: The `CallbackList`.
            epochs_left: Epochs until the end of the run, with this one; of no effect here. Defaults to 1.

        Returns:
            What the steps of the last chunk returned, for predictions of each; nothing if there was no batch.

        Raises:
            NotChunkableError: Before the first step, if what the step returns cannot be collected.
        """
        telling = Telling(self._kind, self._model, callbacks)
        chunks, batches, results = self._compiled(telling.watches_loss), self._batches, list[Any]()
        with batches.catch_stop_iteration():
            for begin, _, iterator in batches:
                telling.begin(begin)
                most = min(telling.steps_allowed, batches.at_hand(begin))
                found, count, ended = chunks(iterator, most, telling.execution)
                executions = -(-count // telling.execution)
                if count:
                    if self._kind != "predict":
                        results.clear()  # an epoch may be without end
                    results.append(found)
                    batches.skip(executions - 1)
                    telling.end(begin, begin + count, found)
                    if telling.stopped:
                        break
                if ended:
                    batches.skip(1 if count else 0)  # to the batch that was asked for and did not come
                    raise StopIteration
        return results

    def _compiled(self, watched: bool) -> StreamChunks:
        spec, jit = self._batches.dataset.element_spec, bool(self._model.jit_compile)
        made: dict[Any, StreamChunks | NotChunkableError] = self._function.compiled
        key = ("stream", repr(spec), jit, watched)
        if key not in made:
            joined = self._kind == "predict"
            try:
                made[key] = StreamChunks(self._function.step, spec, jit_compile=jit, joined=joined, watched=watched)
            except NotChunkableError as error:
                made[key] = NotChunkableError(*error.args)  # without the frames it came through
        chunks = made[key]
        if isinstance(chunks, NotChunkableError):
            say_plan(self._kind, self._model, f"{STEPWISE}: {chunks}")
            raise chunks
        return chunks


class StreamChunks(Chunks):
    """A step over the batches of an iterator, compiled so that one call runs as many as come in its time.

    One compiled function serves batches of any number of rows and chunks of any length. Under XLA the step alone is
    compiled by it, once for each number of rows, as Keras does.

    Args:
        step: A `train_step`, `test_step` or `predict_step`: takes a batch, returns tensors.
        spec: Describes a batch: the `element_spec` of the data set.
        jit_compile: Whether XLA compiles the step.
        joined: Whether what the steps return is joined along its first axis, as predictions are; else it is stacked,
            as logs are. Defaults to False.
        watched: Whether to end at a step whose `loss` is no finite number. Defaults to False.

    Raises:
        NotChunkableError: If a step returns what can be neither.
    """

    def __init__(
        self, step: Callable[[Any], Any], spec: Any, *, jit_compile: bool, joined: bool = False, watched: bool = False
    ) -> None:
        self._step = step
        self._spec = spec
        self._jit_compile, self._jit_step = False, jit_compile
        self._joined = joined
        self._watched = watched
        self.length = ChunkLength(CAPACITY)
        self.has_run = False
        function = tf.function(self._run_stream, autograph=False)
        limits = tf.TensorSpec([2], tf.int64), tf.TensorSpec([], tf.float64)
        self._function = function.get_concrete_function(tf.data.IteratorSpec(spec), *limits)

    def __call__(self, iterator: Any, most: int, execution: int = 1) -> tuple[Any, int, bool]:  # type: ignore[override]
        """Run the next steps.

        Args:
            iterator: An iterator of `tf.data`.
            most: Batches to take, at most; whole executions.
            execution: Batches of an execution, after which alone it may end. Defaults to 1.

        Returns:
            What each step returned, as arrays: stacked, shape `(steps, …)`, or joined, `(rows, …)`; how many steps
            there were; whether the iterator ended before the last execution had begun.
        """
        began = time.time()
        most = min(most, max(self.length.next // execution, 1) * execution)
        limits = tf.constant((most, execution), tf.int64), tf.constant(began + SECONDS, tf.float64)
        steps, ended, results = self._function(iterator, *limits)
        count = int(steps)
        found = keras.tree.map_structure(lambda values: values.numpy()[: None if self._joined else count], results)
        if self.has_run and count:  # the first call takes longer
            self.length.took(count, time.time() - began)
        self.has_run = True
        return found, count, bool(ended) and count <= most - execution

    def _run_stream(self, iterator: Any, limits: Any, until: Any) -> Any:
        step = tf.function(_without_optionals(self._step), autograph=False, jit_compile=self._jit_step)
        one = step.get_concrete_function(self._spec)
        returned = one.structured_outputs
        rooms = [self._room(value, tf.cast(limits[0], tf.int32)) for value in keras.tree.flatten(returned)]
        nothing = tf.experimental.Optional.empty(self._spec)

        def body(count: Any, _: Any, batch: Any, rooms: Any) -> Any:
            results = one(batch.get_value())
            place = tf.cast(count, tf.int32)
            flat = keras.tree.flatten(results)
            rooms = [room.write(place, value) for room, value in zip(rooms, flat, strict=True)]
            with tf.control_dependencies(flat):
                in_time = tf.timestamp() < until
            count += 1
            more = (count < limits[0]) & (in_time | (count % limits[1] != 0)) & self._goes_on(results)
            return count, more, tf.cond(more, iterator.get_next_as_optional, lambda: nothing), rooms

        count, wanted, _, rooms = tf.while_loop(
            lambda count, wanted, batch, rooms: batch.has_value(),
            body,
            [tf.constant(0, tf.int64), tf.constant(True), iterator.get_next_as_optional(), rooms],
            parallel_iterations=1,
        )
        filled = [room.concat() if self._joined else room.stack() for room in rooms]
        return count, wanted, keras.tree.pack_sequence_as(returned, filled)


def _without_optionals(step: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """Give the step `None` for a `tf.experimental.Optional`, which Python batches hold in its place, as Keras does."""

    def run(data: Any) -> Any:
        return step(
            keras.tree.map_structure(lambda part: None if isinstance(part, tf.experimental.Optional) else part, data)
        )

    return run
