"""Our classes where Keras looks for its own: under what name they are written, and what a file's names revive as.

`Functional` is public API nowhere, `TensorFlowTrainer` neither: they are the base classes of our `Functional` and
`Trainer`. `functional_init_arguments` is how Keras tells `Model(inputs, outputs)` from a subclass's own arguments, and
`functional_from_config` how it revives a graph. `no_automatic_dependency_tracking` keeps what `compile` makes out of
the saved layers. `might_have_unbuilt_state` is how Keras sees that there is something left to build.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from types import MappingProxyType
from typing import Any, TypeVar

from keras.src import api_export
from keras.src.backend.common import global_state
from keras.src.layers.layer import might_have_unbuilt_state
from keras.src.models.functional import Functional as KerasFunctional
from keras.src.models.functional import functional_from_config
from keras.src.models.model import functional_init_arguments
from keras.src.saving import object_registration
from keras.src.utils.python_utils import default as _keras_default
from keras.src.utils.tracking import no_automatic_dependency_tracking

__all__ = [
    "KerasFunctional",
    "as_if_not_overridden",
    "functional_from_config",
    "functional_init_arguments",
    "inherit_registered_name",
    "layer_is_called",
    "might_have_unbuilt_state",
    "no_automatic_dependency_tracking",
    "our_classes",
    "take_place_of",
]

_STOCK_SYMBOL_FROM_NAME = api_export.get_symbol_from_name
_in_their_place: dict[str, type] = {}
_nothing: Mapping[str, type] = MappingProxyType({})
_wanted: ContextVar[Mapping[str, type]] = ContextVar("kerastui_classes", default=_nothing)


def take_place_of(keras_name: str, ours: type) -> None:
    """Have `ours` written to files as the Keras class of that name, and revived from them within `our_classes`.

    Keras names a class in a file by this table, and else by its module, which would be `kerastui…` and would open
    nowhere else.

    Args:
        keras_name: The name that Keras writes, as `"keras.Sequential"`.
        ours: Our class for it.
    """
    api_export.REGISTERED_OBJS_TO_NAMES[ours] = keras_name
    _in_their_place[keras_name] = ours


def _get_symbol_from_name(name: str) -> Any:
    return _wanted.get().get(name) or _STOCK_SYMBOL_FROM_NAME(name)


# Keras looks up built-in classes before custom objects of the same name, so there is no public way to have a file's
# `keras.Sequential` become ours. Outside `our_classes`, and in other threads, this function is Keras's.
api_export.get_symbol_from_name = _get_symbol_from_name


@contextmanager
def our_classes() -> Iterator[None]:
    """Within this, reviving a Keras configuration gives our `Model`, `Functional` and `Sequential`."""
    token = _wanted.set(_in_their_place)
    try:
        yield
    finally:
        _wanted.reset(token)


def inherit_registered_name(cls: type, base: type) -> None:
    """Give `cls` the name under which `base` was registered with `register_keras_serializable`, if it was.

    The public decorator would also make Keras revive `cls` in place of `base`.
    """
    name = object_registration.GLOBAL_CUSTOM_NAMES.get(base)
    if name is not None:
        object_registration.GLOBAL_CUSTOM_NAMES[cls] = name


_Method = TypeVar("_Method", bound=Callable[..., Any])


def as_if_not_overridden(method: _Method) -> _Method:
    """Mark a method that Keras shall treat as its own default, as a decorator.

    By that mark Keras decides whether a layer is built by its `build` or by its `call`, and whether it supports masks.
    """
    _keras_default(method)
    return method


def layer_is_called() -> bool:
    """Say whether this thread is inside the call of a layer, where `add_loss` and `add_metric` mean this call's."""
    return global_state.get_global_attribute("current_call_ctx") is not None
