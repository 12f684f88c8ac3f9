"""How Keras makes variables: watched, outside of functions that are traced, and with content only when it is asked for.

A model that is loaded is first made, which draws random numbers for all of its weights, and then each is assigned:
half of the time, and every weight twice in memory. Within `content_from_elsewhere` a variable is made of memory that
nothing has touched, which takes none, and gets what is assigned. One that is looked at before, or that nothing is
assigned to, gets what its initializer gives, as ever.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

import tensorflow as tf
from keras.src import backend as keras_backend
from keras.src.backend.tensorflow.optimizer import TFOptimizer

__all__ = ["content_from_elsewhere", "variables_watched"]

_watch: ContextVar[Callable[[str, int], None] | None] = ContextVar("kerastui_watch_variables", default=None)
_waiting: ContextVar[list[Any] | None] = ContextVar("kerastui_waiting_variables", default=None)
_only_identity: ContextVar[bool] = ContextVar("kerastui_only_identity", default=False)

_PRIORITY_OF_FUNCTIONS = 50
"""What a `tf.function` that is traced marks its creator of variables with."""

_CAN_WAIT = ("float32", "float16", "bfloat16", "float64")
"""Types of variables worth waiting for; others, such as counters and seeds, are small."""

_SCRATCH = "scratch_graph"
"""What the names of graphs begin with that Keras makes to find out shapes. They never run."""

_STOCK_INITIALIZE = keras_backend.Variable._initialize_with_initializer


def _initialize_with_initializer(variable: Any, initializer: Any) -> None:
    watch, waiting = _watch.get(), _waiting.get()
    if watch is not None:
        watch(variable.path, math.prod(variable._shape) * tf.as_dtype(variable._dtype).size)
    waits = (
        waiting is not None
        and variable._dtype in _CAN_WAIT
        and type(variable) is keras_backend.Variable
        and tf.executing_eagerly()
        and not tf.distribute.has_strategy()
    )
    with _not_made_by_a_function(), _identity_is_enough(False):
        _STOCK_INITIALIZE(variable, _no_content if waits else initializer)
    if waits and waiting is not None:
        variable._initial_content = initializer
        variable.__class__ = _Waiting
        waiting.append(variable)


# A configuration of a hundred bytes can ask for a layer of a terabyte. Only here are shape and type of a variable known
# while nothing is allocated yet. Outside of the two contexts below, and in other threads, this is Keras's.
keras_backend.Variable._initialize_with_initializer = _initialize_with_initializer


def _no_content(shape: Any, dtype: Any) -> Any:
    return tf.raw_ops.Empty(shape=tuple(shape), dtype=dtype, init=False)


@contextmanager
def _not_made_by_a_function() -> Iterator[None]:
    """Within this, variables are made as outside of any `tf.function`, unless a strategy makes them.

    TensorFlow traces a function a second time if it made variables the first time, as the first step of a training
    does: for the optimizer, for metrics, for layers that were not built.
    """
    graph = tf.compat.v1.get_default_graph()
    before = graph._variable_creator_stack
    others = [creator for creator in before if creator[0] != _PRIORITY_OF_FUNCTIONS]
    if len(others) == len(before) or tf.distribute.has_strategy():
        yield
        return
    graph._variable_creator_stack = others
    try:
        with tf.init_scope():
            yield
    finally:
        graph._variable_creator_stack = before


@contextmanager
def variables_watched(watch: Callable[[str, int], None]) -> Iterator[None]:
    """Within this, `watch` hears of each variable before it is made.

    Args:
        watch: Called with the variable's path and its bytes; what it raises keeps the variable from being made.
    """
    token = _watch.set(watch)
    try:
        yield
    finally:
        _watch.reset(token)


@contextmanager
def content_from_elsewhere() -> Iterator[None]:
    """Within this, initializers run only for variables that nothing is assigned to; at the latest on leaving.

    Whatever looks at a variable before it is assigned sees what its initializer gives. After an error, variables that
    wait go on waiting until somebody looks at them.
    """
    waiting = list[Any]()
    token = _waiting.set(waiting)
    try:
        yield
    finally:
        _waiting.reset(token)
    for variable in waiting:
        if type(variable) is _Waiting:
            variable.fill()


@contextmanager
def _identity_is_enough(whether: bool = True) -> Iterator[None]:
    """Within this, a variable that waits is handed out as it is: only which one it is and where is asked."""
    token = _only_identity.set(whether)
    try:
        yield
    finally:
        _only_identity.reset(token)


class _Waiting(keras_backend.Variable):  # type: ignore[misc]  # Keras ships no types
    """A variable without content. It becomes an ordinary one when it is assigned, or looked at."""

    @property
    def value(self) -> Any:
        """The variable of TensorFlow, with content, but where no content is asked for."""
        if _only_identity.get() or _in_scratch_graph():
            return super().value
        self.fill()
        return self.value  # the ordinary variable's, which it is now

    def fill(self) -> None:
        """Assign what the initializer gives."""
        with tf.init_scope():
            self._value.assign(self._initial_content(self._shape, dtype=self._dtype))
        self._content_has_come()

    def _direct_assign(self, value: Any) -> None:
        if not tf.executing_eagerly():  # it may run later, or never
            self.fill()
        super()._direct_assign(value)
        self._content_has_come()

    def _content_has_come(self) -> None:
        self.__class__ = keras_backend.Variable
        self.__dict__.pop("_initial_content", None)

    def __repr__(self) -> str:
        return f"<Variable path={self.path}, shape={self.shape}, dtype={self.dtype}>"


def _in_scratch_graph() -> bool:
    return not tf.executing_eagerly() and tf.compat.v1.get_default_graph().name.startswith(_SCRATCH)


def _taking_identity(method: Callable[..., Any]) -> Callable[..., Any]:
    def taking_identity(*args: Any, **kwargs: Any) -> Any:
        if _waiting.get() is None:
            return method(*args, **kwargs)
        with _identity_is_enough():
            return method(*args, **kwargs)

    return taking_identity


# An optimizer knows its variables by TensorFlow's, and puts its own beside them.
for _name in ("_var_key", "add_variable_from_reference"):
    setattr(TFOptimizer, _name, _taking_identity(getattr(TFOptimizer, _name)))
