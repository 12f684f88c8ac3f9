"""Read Keras's docstrings: a summary line, the text as Markdown, and one paragraph for each argument."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator, Mapping
from typing import NamedTuple

_HEADING = re.compile(r"^([A-Z][A-Za-z ]{2,30}):\s*$")
_ARGUMENT = re.compile(r"^(\*{0,2}\w+)(?: \([^)]*\))?\s*:\s*(.*)$")
_BULLET = re.compile(r"^\s*[-*] ")
_ARGUMENTS = frozenset({"args", "arguments"})
_CALL_ARGUMENTS = frozenset({"call arguments", "call args"})


class Docstring(NamedTuple):
    """Hold what a docstring says.

    Args:
        summary: First sentence, one line.
        help: Everything but the summary and the arguments, as Markdown.
        arguments: One paragraph for each documented argument of the constructor.
        call: One paragraph for each documented argument of `call`.
    """

    summary: str
    help: str
    arguments: Mapping[str, str]
    call: Mapping[str, str]


def read(text: str) -> Docstring:
    """Read a docstring in Keras's style.

    Args:
        text: Raw docstring; `""` gives an empty result.
    """
    lines = _straighten(inspect.cleandoc(text).splitlines())
    first, _, rest = "\n".join(lines).partition("\n\n")
    arguments: dict[str, str] = {}
    call: dict[str, str] = {}
    parts: list[str] = []
    for heading, body in _sections(rest.splitlines()):
        if heading.lower() in _ARGUMENTS:
            arguments.update(_entries(body))
        elif heading.lower() in _CALL_ARGUMENTS and (entries := dict(_entries(body))):
            call.update(entries)
            parts += [f"### {heading}", *(f"- `{name}`: {' '.join(said.split())}" for name, said in call.items()), ""]
        else:
            parts += [f"### {heading}", ""] if heading else []
            parts += [*_fence(_dedent(body)), ""]
    return Docstring(_sentence(first), re.sub(r"\n{3,}", "\n\n", "\n".join(parts)).strip(), arguments, call)


def _straighten(lines: list[str]) -> list[str]:
    """Take out an indentation that a less indented example further down has kept in the text above it."""
    usual = depth = next((_depth(line) for line in lines[1:] if line.strip()), 0)
    straight, fenced = lines[:1], False
    for line in lines[1:]:
        if line.lstrip().startswith("```"):
            # A fenced example keeps its shape: it moves with its fence.
            fenced = not fenced
            depth = min(usual, _depth(line)) if fenced else depth
        straight.append(line[min(depth, _depth(line)) :].rstrip())
        depth = depth if fenced else usual
    return straight


def _sections(lines: list[str]) -> Iterator[tuple[str, list[str]]]:
    """Part the text at its headings; text below the arguments that is not indented is a section without heading."""
    heading, body, fenced = "", list[str](), False
    for line in lines:
        fenced ^= line.lstrip().startswith("```")
        found = None if fenced else _HEADING.match(line)
        outside = bool(line.strip()) and _depth(line) == 0 and heading.lower() in _ARGUMENTS | _CALL_ARGUMENTS
        if found or outside:
            yield heading, body
            heading, body = (found[1], []) if found else ("", [line])
        else:
            body.append(line)
    yield heading, body


def _entries(body: list[str]) -> Iterator[tuple[str, str]]:
    name, said = "", list[str]()
    for line in _dedent(body):
        found = _ARGUMENT.match(line)
        if found:
            if name:
                yield name, _paragraph(said)
            name, said = found[1].lstrip("*"), [found[2]]
        else:
            said.append(line)
    if name:
        yield name, _paragraph(said)


def _paragraph(lines: list[str]) -> str:
    """Join wrapped lines; list items keep a line of their own."""
    joined = " ".join(("\n- " + line.strip()[2:]) if _BULLET.match(line) else line.strip() for line in lines)
    return "\n".join(" ".join(line.split()) for line in joined.strip().splitlines())


def _sentence(text: str) -> str:
    line = " ".join(text.split())
    # Not after abbreviations: "a.k.a. Luong", "et al. 2014".
    end = re.search(r"(?<!\.\w)(?<!et al)\.(?= [A-Z])", line)
    return (line[: end.end()] if end else line).replace("..", ".")


def _fence(lines: list[str]) -> Iterator[str]:
    """Put examples at the prompt between code fences."""
    fenced = prompt = False
    for line in lines:
        fenced ^= line.lstrip().startswith("```")
        if prompt and not line.strip():
            prompt = False
            yield "```"
        elif not fenced and not prompt and line.lstrip().startswith(">>>"):
            prompt = True
            yield "```python"
        yield line
    if prompt:
        yield "```"


def _dedent(lines: list[str]) -> list[str]:
    depth = min((_depth(line) for line in lines if line.strip()), default=0)
    return [line[depth:] for line in lines]


def _depth(line: str) -> int:
    return len(line) - len(line.lstrip())
