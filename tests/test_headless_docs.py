"""`docs/headless.md` runs as it stands, from top to bottom, and prints what it says."""

from __future__ import annotations

import ast
import contextlib
import inspect
import io
import re
import shlex
from pathlib import Path
from types import CodeType
from typing import Any

import pytest
from click.testing import CliRunner

from kerastui.cli import main

PAGE = Path(__file__).parents[1] / "docs" / "headless.md"
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def blocks() -> list[tuple[str, str, int]]:
    """Language, contents and first line of each block of the page."""
    text = PAGE.read_text(encoding="utf-8")
    return [(match[1], match[2], text[: match.start()].count("\n") + 2) for match in BLOCK.finditer(text)]


def code_of(source: str, line: int) -> CodeType:
    """Compile a block, with `await` at its top level, so that a traceback shows the page's own lines."""
    tree = ast.parse(source, str(PAGE), "exec")
    ast.increment_lineno(tree, line - 1)
    code: CodeType = compile(tree, str(PAGE), "exec", ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
    return code


async def printed(source: str, line: int, names: dict[str, Any]) -> str:
    """Run a block of Python and give what it prints."""
    code = code_of(source, line)
    with contextlib.redirect_stdout(io.StringIO()) as out:
        awaited = eval(code, names)
        if code.co_flags & inspect.CO_COROUTINE:
            await awaited
    return out.getvalue()


def run_commands(source: str) -> None:
    """Run the lines of a shell block, each a command of ours."""
    for line in source.splitlines():
        program, *arguments = shlex.split(line)
        assert program == "kerastui"
        done = CliRunner().invoke(main, arguments)
        assert done.exit_code == 0, done.output


@pytest.mark.slow
@pytest.mark.timeout(300)
async def test_every_block_runs_and_prints_what_stands_under_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    names: dict[str, Any] = {"__name__": "headless"}
    shown: str | None = None
    for language, source, line in blocks():
        if language == "text":
            assert shown == source, f"line {line}"
            shown = ""
            continue
        assert not shown, f"printed before line {line}, and not on the page: {shown}"
        if language == "python":
            shown = await printed(source, line, names)
        elif language == "sh":
            run_commands(source)
    assert not shown


def test_the_page_has_blocks_and_all_are_of_kinds_that_are_run() -> None:
    languages = [language for language, _, _ in blocks()]
    assert set(languages) == {"python", "text", "sh"}
    assert languages.count("python") > 8
    assert PAGE.read_text(encoding="utf-8").count("```") == 2 * len(languages)
