"""The functions of `keras.ops` that take tensors, and the operations that they record in a graph. Imports Keras."""

from __future__ import annotations

import inspect
import re
import sys
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from types import MappingProxyType
from typing import Any, Final, NamedTuple

import keras

from kerastui.engine.catalog import docstrings

_NAMED_TENSORS: Final = re.compile(
    r"x\d?s?|[yab]|inputs|images?\d?|indices|coordinates|condition|abs_|angle|operands|weights|mean|gamma|beta"
)
"""Names of arguments that are tensors where Keras does not say "tensor"."""


class Function(NamedTuple):
    """Describe a public function that takes tensors.

    Args:
        name: `matmul`, `image.resize`.
        made: The function.
        operation: Class of the operation that it records.
        tensors: Names of the arguments that take tensors, those that it needs first.
        takes_list: Whether the first of them takes a list.
        variadic: Whether the list is given as `*arguments`.
    """

    name: str
    made: Callable[..., Any]
    operation: type
    tensors: tuple[str, ...]
    takes_list: bool
    variadic: bool


@cache
def functions() -> Mapping[str, Function]:
    """Return the public functions that take tensors and record an operation, by name, sorted."""
    found = {name: described for name, made in _public() if (described := _described(name, made)) is not None}
    return MappingProxyType(dict(sorted(found.items())))


@cache
def function_of(operation: type) -> Function | None:
    """Return the function that records an operation, the one of the same name where there are several."""
    fits = [each for each in functions().values() if each.operation is operation]
    same = [each for each in fits if _letters(each.made.__name__) == _letters(operation.__name__)]
    return next(iter(same + fits), None)


def _public() -> Iterator[tuple[str, Callable[..., Any]]]:
    for prefix, module in (("", keras.ops), ("image.", keras.ops.image)):
        for name, made in sorted(vars(module).items()):
            if inspect.isfunction(made) and not name.startswith("_"):
                yield f"{prefix}{name}", made


def _described(name: str, made: Callable[..., Any]) -> Function | None:
    operation = _operation(made)
    if operation is None:
        return None
    said = docstrings.read(made.__doc__ or "").arguments
    parameters = inspect.signature(made).parameters
    called = list(inspect.signature(operation.call).parameters)[1:]
    tensors = [key for key in called if key in parameters and _is_tensor(key, parameters[key], said.get(key, ""))]
    tensors.sort(key=lambda key: parameters[key].default is not inspect.Parameter.empty)
    if not tensors or any(re.search("callable|function", said.get(key, "")[:40]) for key in called):
        return None
    first = tensors[0]
    listed = re.match(r"(?:an? |the )?(?:sequence|list|tuple|multiple)", said.get(first, "").lower())
    variadic = parameters[first].kind is inspect.Parameter.VAR_POSITIONAL
    return Function(name, made, operation, tuple(tensors), bool(listed) or first == "xs" or variadic, variadic)


def _is_tensor(name: str, parameter: inspect.Parameter, text: str) -> bool:
    if isinstance(parameter.default, int | float | str):
        return False
    return bool(re.search(r"tensor|array", text[:80], re.IGNORECASE) or _NAMED_TENSORS.fullmatch(name))


def _operation(made: Callable[..., Any]) -> Any:
    """Find the operation of a function: the class of its name, else one that its source makes and that begins so."""
    known = {
        key: item
        for key, item in vars(sys.modules[made.__module__]).items()
        if inspect.isclass(item) and issubclass(item, keras.Operation) and item is not keras.Operation
    }
    by_letters = {_letters(key): item for key, item in known.items()}
    if _letters(made.__name__) in by_letters:
        return by_letters[_letters(made.__name__)]
    words = re.findall(r"\b[A-Z]\w*(?=\()", inspect.getsource(made))
    begin = _letters(made.__name__)
    return next((known[word] for word in words if word in known and begin.startswith(_letters(word))), None)


def _letters(name: str) -> str:
    return name.replace("_", "").lower()
