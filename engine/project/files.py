"""Read and write `kerastui.toml`: stable order, the same bytes each time, written atomically."""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from kerastui.engine.files import write_atomically
from kerastui.engine.project.document import Project
from kerastui.engine.project.graph import check_references
from kerastui.engine.project.plain import DocumentError, Plain, from_plain, to_plain

FILE_NAME = "kerastui.toml"

_STRING_OR_COMMENT = re.compile(
    r'"""(?:\\.|[^\\])*?"""+|' r"'''.*?'''+|" r'"(?:\\.|[^"\\])*"|' r"'[^']*'|(#)", re.DOTALL
)


class ProjectFileError(Exception):
    """Say why a project file cannot be read or written: where, what, what next.

    Args:
        path: The file.
        message: What is wrong and what to do.
        line: Line in the file, from 1, where it is known.
    """

    def __init__(self, path: Path, message: str, line: int | None = None) -> None:
        place = path.name if line is None else f"{path.name} line {line}"
        super().__init__(f"{place}: {message}")
        self.path, self.message, self.line = path, message, line


def dumps(project: Project) -> str:
    """Return the text of `kerastui.toml` for a project."""
    plain = to_plain(project)
    tables: dict[str, Plain] = {"data": plain["data"], "data.columns": plain["data"].pop("columns")}
    tables |= graph_tables("graph", plain["graph"])
    for key, graph in plain.get("models", {}).items():
        tables |= graph_tables(f"models.{_key(key)}", graph)
    tables["compile"] = plain["compile"]
    nested = ("optimizer", "losses", "metrics", "loss_weights")
    tables |= {f"compile.{key}": plain["compile"].pop(key) for key in nested}
    tables |= {key: plain[key] for key in ("fit", "notes", "weights_from", "layout") if key in plain}
    lines = [f"{key} = {_text(plain[key])}" for key in ("format", "name", "weights", "code") if key in plain]
    return "\n".join([*lines, *tables_text(tables)]) + "\n"


def tables_text(tables: Mapping[str, Plain]) -> Iterator[str]:
    """Yield the lines of tables, by header, a blank one before each; those of nothing are left out, but for models."""
    for header, table in tables.items():
        if table or (header.startswith("models.") and header.count(".") == 1):
            yield from ("", f"[{header}]", *(f"{_key(key)} = {_text(value)}" for key, value in table.items()))


def graph_tables(name: str, graph: Plain) -> dict[str, Plain]:
    """Return the tables of a graph, by header.

    Args:
        name: Header of the graph itself.
        graph: Its plain form, which is emptied.
    """
    layers = {f"{name}.layers.{_key(key)}": arguments for key, arguments in graph.pop("layers").items()}
    inputs, calls, outputs = (graph.pop(key) for key in ("inputs", "calls", "outputs"))
    return {name: graph, f"{name}.inputs": inputs, **layers, f"{name}.calls": calls, f"{name}.outputs": outputs}


def loads(text: str, path: Path) -> Project:
    """Read a project from the text of a `kerastui.toml`.

    Args:
        text: Content of the file.
        path: The file, named in messages.

    Raises:
        ProjectFileError: The text is no TOML or no project; it names the line and the reason.
    """
    try:
        plain = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        line = re.search(r"at line (\d+)", str(error))
        reason = re.sub(r" \(at .*\)$", "", str(error))
        number = int(line[1]) if line else len(text.splitlines())
        if reason == "Cannot overwrite a value":
            key = text.split("\n")[number - 1].partition("=")[0].strip()
            reason = f"{key} stands twice in its table"
        raise ProjectFileError(path, f"{reason}; put the line right and open it again", number) from None
    try:
        project = from_plain(plain)
        check_references(project.graph)
        for key, graph in project.models.items():
            check_references(graph, ("models", key))
    except DocumentError as error:
        where = f"{'.'.join(error.path)}: " if error.path else ""
        raise ProjectFileError(path, f"{where}{error}", line_of(text, error.path)) from None
    return project


def read(folder: Path) -> Project:
    """Read the project in a folder.

    Raises:
        ProjectFileError: There is none, or it cannot be read.
    """
    path = folder / FILE_NAME
    return loads(read_text(path), path)


def read_text(path: Path) -> str:
    """Return the text of a project file.

    Raises:
        ProjectFileError: The file is absent, unreadable, or not UTF-8.
    """
    try:
        return path.read_bytes().decode("utf-8-sig")  # Windows' editor puts a mark before the text
    except FileNotFoundError:
        raise ProjectFileError(path, f"there is none in {path.parent}; make one with `kerastui new`") from None
    except UnicodeDecodeError as error:
        raise ProjectFileError(path, f"byte {error.start} is not UTF-8 text; is it a kerastui project?") from None
    except OSError as error:
        raise ProjectFileError(path, f"cannot be read: {error.strerror}") from None


def has_comments(text: str) -> bool:
    """Tell whether a project file has comments, which are not read and so not written again.

    Args:
        text: Content of the file, which is TOML.
    """
    return "#" in text and any(match[1] for match in _STRING_OR_COMMENT.finditer(text))


def write(folder: Path, project: Project) -> str:
    """Write a project into its folder, atomically.

    Returns:
        The text written.

    Raises:
        ProjectFileError: The folder cannot be written; the file there is as it was.
    """
    text = dumps(project)
    path = folder / FILE_NAME
    try:
        write_atomically(path, text.encode())
    except OSError as error:
        kept = "the file is as it was, your edits are still open" if path.is_file() else "choose another folder"
        message = f"cannot be written in {folder}: {error.strerror}; {kept}"
        raise ProjectFileError(path, message) from None
    return text


def line_of(text: str, path: tuple[str, ...]) -> int | None:
    """Return the line of a TOML text that holds the value at a path, or the nearest table around it."""
    header: tuple[str, ...] = ()
    best, depth = None, 0
    for number, line in enumerate(text.splitlines(), 1):
        if match := re.match(r"\s*\[+\s*([^\]]+?)\s*\]+", line):
            header = tuple(part.strip().strip("\"'") for part in match[1].split("."))
            here = header
        elif match := re.match(r"\s*([\w\"'-]+)\s*=", line):
            here = (*header, match[1].strip("\"'"))
        else:
            continue
        if here == path[: len(here)] and len(here) > depth:
            best, depth = number, len(here)
    return best


def _key(key: str) -> str:
    return key if re.fullmatch(r"[A-Za-z0-9_-]+", key) else _text(key)


def _text(value: Any) -> str:
    """Return a value as TOML writes it on one line."""
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{_key(key)} = {_text(item)}" for key, item in value.items()) + " }" if value else "{}"
    if isinstance(value, list):
        return "[" + ", ".join(_text(item) for item in value) + "]"
    if isinstance(value, str):
        # TOML's basic strings are JSON's, but for DEL, which must be escaped here.
        return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
    if isinstance(value, bool):
        return "true" if value else "false"
    return repr(value)
