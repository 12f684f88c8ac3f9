"""Names of Python for the ids of a project, none twice and none that hides another."""

from __future__ import annotations

import builtins
import keyword
import re
from collections.abc import Iterable

RESERVED = frozenset({*keyword.kwlist, *keyword.softkwlist, *dir(builtins), "keras", "layers", "ops"})
"""Names that mean something to Python or to the code around."""


class Names:
    """Hand out names.

    Args:
        taken: Names that are in use around.
    """

    def __init__(self, taken: Iterable[str] = ()) -> None:
        self._taken = {*RESERVED, *taken}

    def new(self, wanted: str) -> str:
        """Return a name that is not in use: `dense`, else `dense_`, `dense_2`, `dense_3`, ….

        Args:
            wanted: An id, with whatever characters.
        """
        base = re.sub(r"[^A-Za-z0-9_]", "_", wanted) or "_"
        base = f"x{base}" if base[0].isdigit() or not base.strip("_") else base
        name, number = base, 1
        while name in self._taken:
            number += 1
            name = f"{base}_" if number == 2 and base in RESERVED else f"{base}_{number}"
        self._taken.add(name)
        return name
