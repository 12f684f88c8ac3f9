"""What an argument takes, told from its name, its default and Keras's own words. Rules, never one class at a time.

Keras says in prose what an argument takes ("Positive integer, …", "One of `"valid"` or `"same"`"). The order of the
rules matters: a name that always means the same object comes first, then texts to choose from, then the wording.
"""

from __future__ import annotations

import re
from inspect import Parameter
from typing import Final

from kerastui.engine.catalog.catalog import Argument, ArgumentType, Default, Kind

_SUFFIXES: Final[dict[str, ArgumentType]] = {
    "activation": "activation",
    "_initializer": "initializer",
    "_regularizer": "regularizer",
    "_constraint": "constraint",
    "_optimizer": "optimizer",
    "dtype": "dtype",
    "_shape": "shape",
    "layer": "layer",
    "cell": "layer",
    "layers": "list",
    "cells": "list",
    "monitor": "str",
}
"""Endings of names that always mean the same."""

_CODE: Final = frozenset({"function", "fn", "call_fn", "init_fn", "module", "optimizer_map", "callbacks", "model"})
"""Names of Python functions and objects; the ones Keras describes as a function are found by the wording."""

_WORD: Final = r"""(?:`?(?:"[\w-]+[`"]{0,2}|'[\w-]+'|None)`?|`[a-z_]\w*`)"""
_GLOSS: Final = r"(?: \([^)]*\))?"
_LIST: Final = re.compile(rf"{_WORD}{_GLOSS}(?:(?:\s*,\s*(?:or|and)\s+|\s*,\s*|\s+or\s+|\s+and\s+){_WORD}{_GLOSS})+")
_BULLETS: Final = re.compile(rf"^- ({_WORD})", re.MULTILINE)
_TRIGGER: Final = re.compile(
    r"(?:one of|either|options are|values? (?:are|can be|is)|modes? (?:are|can be)|methods are|supports|can be"
    r"|supported values|accepted values are|string,|string:|,)\s*:?\s*[`{(\[]*$",
    re.IGNORECASE,
)
_ARTICLE: Final = re.compile(
    r"^(?:optional\)?[.,:]?|\(?not supported[^)]*\)|defaults to \S+\.|unset by default\.|an?\b|python\b|the\b|`)\s*"
)
_NONE: Final = re.compile(r"(?:\b(?:if|or|passing|pass|to|be|either)\b|[,{])\s*`?None\b", re.IGNORECASE)
_INT: Final = r"(?:int|ints|integer|integers)\b"
_BETWEEN: Final = re.compile(r"(?:between|in(?: the)?(?: range)?)[ `\[(]+(-?[\d.]+)(?:,| and)\s*`?(-?[\d.]+)")
_DTYPES: Final = ("float16", "bfloat16", "float32", "float64", "mixed_float16", "mixed_bfloat16")


def argument(kind: Kind, name: str, default: object, text: str) -> Argument:
    """Describe one argument.

    Args:
        kind: Kind of the class it belongs to.
        name: Name of the argument.
        default: Its default, or `Parameter.empty` where there is none.
        text: What Keras says about it, one paragraph; `""` if nothing.
    """
    required = default is Parameter.empty
    choices, takes_none = _choices(default, text)
    kind_of = _type(kind, name, default, text, choices)
    low, high = _range(kind_of, required, text)
    return Argument(
        name=name,
        type=kind_of,
        required=required,
        default=None if required else plain(default),
        nullable=default is None or takes_none or bool(_NONE.search(text)),
        choices=choices if kind_of == "choice" else _DTYPES if kind_of == "dtype" else (),
        minimum=low,
        maximum=high,
        help=text,
    )


def plain(value: object) -> Default:
    """Turn a default into a value that a document holds.

    Raises:
        TypeError: The default is an object; the rules know no such argument.
    """
    if isinstance(value, list | tuple):
        return tuple(plain(item) for item in value)  # type: ignore[misc]  # nesting is checked when the asset is read
    if value is None or isinstance(value, bool | int | float | str):
        return value
    raise TypeError(f"expected a default that a document can hold. Received: default={value!r}")


def _type(kind: Kind, name: str, default: object, text: str, choices: tuple[str, ...]) -> ArgumentType:
    """Say what the argument takes; the first rule that fits decides."""
    if kind == "optimizer" and name == "learning_rate":
        return "schedule-or-float"
    lead = _lead(text)
    if name == "axis" or (name.endswith("axes") and not lead.startswith("string")):
        return "axis"
    for suffix, found in _SUFFIXES.items():
        if name.endswith(suffix):
            return found
    if choices:
        return "choice"
    if isinstance(default, bool):
        return "bool"
    if _is_code(kind, name, lead):
        return "code"
    return _worded(name, default, lead) or _by_default(name, default)


def _is_code(kind: Kind, name: str, lead: str) -> bool:
    callback = kind == "callback" and (name.startswith("on_") or name == "schedule")
    return (
        callback or name in _CODE or bool(re.match(r"(?:either none \(no masking\) or a )?(?:callable|function)", lead))
    )


def _worded(name: str, default: object, lead: str) -> ArgumentType | None:
    """Read the type from the beginning of the description."""
    if isinstance(default, str):
        return "any" if re.search(rf"\b{_INT}|^whether|^bool", lead) else "str"
    if re.search(
        r"float(?: value)?,? or (?:a )?(?:python )?(?:tuple|list)|two floats|list of floats or|of size 2", lead
    ):
        return "number-tuple"
    if re.search(rf"{_INT}.{{0,12}}\b(?:tuple|list)|(?:tuple|list) of \d?\s?{_INT}|{_INT} or a tuple", lead):
        return "int-tuple"
    if name == "value_range" or re.match(r"(?:python )?(?:list|tuple) of (?:python |two )?(?:float|number)", lead):
        return "number-tuple"
    if name == "seed" or re.match(rf"(?:positive |non-negative |single |unsigned )*{_INT}", lead):
        return "int"
    for pattern, found in _LEADS:
        if re.match(pattern, lead):
            return found
    return None


_LEADS: Final[tuple[tuple[str, ArgumentType], ...]] = (
    (r"(?:tuple|list|array)\b", "list"),
    (r"float, the (?:scale|offset) to apply", "number-tuple"),
    (r"(?:bool|boolean|whether|if `?true)\b", "bool"),
    (r"(?:positive |small )*float(?:ing point)?(?: value)?\b(?!-)|scalar value in range", "float"),
    (r"baseline value|number\.", "number"),
    (r"(?:string|str|path|filename|equation)\b", "str"),
    (r"(?:possible |total |desired output )?number of|(?:maximum )?size of|how often|verbosity", "int"),
)
"""Wordings at the beginning of a description, after articles and "optional"."""


_COUNTS: Final = re.compile(r"^(?:num|top)_|_(?:length|size|frequency|freq|tokens)$")
"""Names of whole numbers, for arguments whose description begins with something else."""


def _by_default(name: str, default: object) -> ArgumentType:
    """Fall back to the name of a count, then to what the default is."""
    if isinstance(default, float):
        return "float"
    if _COUNTS.search(name):
        return "int"
    if default is None and name.endswith("padding"):
        return "int-tuple"
    if isinstance(default, int):
        return "number"
    if isinstance(default, str):
        return "str"
    if isinstance(default, tuple | list):
        return "int-tuple" if _whole(default) else "number-tuple"
    return "any"


def _whole(value: object) -> bool:
    return all(_whole(item) for item in value) if isinstance(value, tuple | list) else isinstance(value, int)


def _lead(text: str) -> str:
    """Return the first words, lower case, without articles, "optional" and "Python"."""
    lead = text.lower().lstrip("(`")
    while (shorter := _ARTICLE.sub("", lead)) != lead:
        lead = shorter
    return lead[:160]


def _choices(default: object, text: str) -> tuple[tuple[str, ...], bool]:
    """Find the texts to choose from, and whether `None` is one of them.

    A list of quoted words counts when it follows a wording such as "one of", or holds the default. Keras's own
    default is always a choice.
    """
    if not (default is Parameter.empty or default is None or isinstance(default, str)):
        return (), False
    for found in [*_LIST.finditer(text)]:
        words = re.findall(r"[\w-]+", re.sub(r"\([^)]*\)|\b(?:or|and)\b", " ", found[0]))
        texts = tuple(dict.fromkeys(word for word in words if word != "None"))
        free = re.match(r"[`\s]*,?\s*or (?:an? )?(?:integer|int|callable)", text[found.end() :], re.IGNORECASE)
        before = text[: found.start()]
        quoted = '"' in found[0] or "'" in found[0]
        named = default in texts or (quoted and ("None" in words or not before.strip("` ") or _TRIGGER.search(before)))
        if len(texts) >= 2 and named and not free and (default is None or default in (*texts, Parameter.empty)):
            return texts, "None" in words
    return _bullet_choices(default, text)


def _bullet_choices(default: object, text: str) -> tuple[tuple[str, ...], bool]:
    words = [word.strip("`\"'") for word in _BULLETS.findall(text)]
    texts = tuple(dict.fromkeys(word for word in words if word != "None"))
    return (texts, "None" in words) if len(texts) >= 2 and default in texts else ((), False)


def _range(kind_of: ArgumentType, required: bool, text: str) -> tuple[int | float | None, int | float | None]:
    """Return the limits that Keras names. A required whole number is a size or a count."""
    first = text.split(". ")[0]
    if kind_of in ("int", "float", "number") and (found := _BETWEEN.search(first)):
        low, high = (float(edge.rstrip(".")) for edge in found.groups())
        return (int(low), int(high)) if low.is_integer() and high.is_integer() else (low, high)
    positive = required or re.match(rf"positive {_INT}", _lead(text)) or "Must be positive" in text
    if positive and kind_of in ("int", "int-tuple"):
        return 1, None
    return (0, None) if kind_of in ("int", "float") and "non-negative" in first.lower() else (None, None)
