"""Options that several commands have."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

FOLDER = click.Path(path_type=Path, file_okay=False)
FILE = click.Path(path_type=Path)
TRUST = click.option("--trust", is_flag=True, help="Run the project's own code, though it came from elsewhere.")
JSON = click.option("--json", "as_json", is_flag=True, help="Print machine-readable JSON.")
OVERWRITE = click.option("--overwrite", "--force", "overwrite", is_flag=True, help="Replace the file that is there.")


def conversion(command: Any) -> Any:
    """Give a command the options that `import`, `convert` and `export` share."""
    options = (
        click.option("--verify", is_flag=True, help="Read what was written and compare predictions."),
        click.option("--allow-unsafe", is_flag=True, help="Open files that run code, such as a Lambda layer's."),
        click.option("--force", is_flag=True, help="Replace what is there."),
        click.option("--objects", type=FILE, help="Python file with the custom classes and functions; it is run."),
        JSON,
    )
    for option in reversed(options):
        command = option(command)
    return command
