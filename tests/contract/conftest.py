"""`@row("fit#x_list")` says which row of the contract a test covers; at the end the rows covered are counted."""

from __future__ import annotations

from pathlib import Path

import pytest

ROWS = tuple(
    line for line in Path(__file__).with_name("rows.txt").read_text().splitlines() if line and line[0] not in "# "
)


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "row(id): the row of the contract that this test covers")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        for mark in item.iter_markers("row"):
            # Reports carry properties, from the workers of pytest-xdist too.
            item.user_properties.append(("row", mark.args[0]))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    passed = {
        value
        for report in terminalreporter.stats.get("passed", [])
        for name, value in report.user_properties
        if name == "row"
    }
    if passed:
        terminalreporter.write_line(f"contract: {len(passed & set(ROWS))} of {len(ROWS)} rows covered")
