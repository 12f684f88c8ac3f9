"""Write the versions that are installed and tested into `[tool.uv] constraint-dependencies` (`make pins`).

`uv.lock` holds addresses of registries and stays out of git; these lines are what `uv run` obeys instead.
"""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

EXPORT = ["uv", "export", "--quiet", "--all-groups", "--no-hashes", "--no-header", "--no-annotate", "--no-emit-project"]


def main() -> None:
    """Resolve anew without the old pins and write the new ones."""
    path = Path(__file__).parents[1] / "pyproject.toml"
    text = path.read_text()
    block = re.compile(r"constraint-dependencies = \[.*?\]\n", re.DOTALL)
    path.write_text(block.sub("constraint-dependencies = []\n", text))
    try:
        subprocess.run(["uv", "lock", "--quiet", "--upgrade"], check=True)
        found = subprocess.run(EXPORT, check=True, capture_output=True, text=True).stdout
    except subprocess.CalledProcessError:
        path.write_text(text)
        raise
    pins = [line.replace('"', "'").strip() for line in found.splitlines() if "==" in line]
    lines = "".join(f'  "{pin}",\n' for pin in pins)
    path.write_text(block.sub(lambda _: f"constraint-dependencies = [\n{lines}]\n", text))
    print(f"{len(pins)} versions pinned")


if __name__ == "__main__":
    main()
