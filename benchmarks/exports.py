"""Export a model of each kind in every format, run what was written, and print the largest error (`make exports`).

Give words to run only the kinds with one of them in their name, as `python benchmarks/exports.py GRU LSTM`. `-` is what
a format has no operations for, `!` an error above its tolerance; why is said below the table. Exit code 1 if an error
is above its tolerance and not a known one of the runtime, or something is refused that should not be.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from kerastui.headless import quiet

quiet()
sys.path.append(str(Path(__file__).parents[1] / "tests" / "support"))

from export_models import FORMATS, KINDS, MISCOMPUTED, REFUSED, exported, tolerance  # noqa: E402


def cell(kind: str, name: str, reasons: list[str]) -> tuple[str, float | None]:
    """Export one model in one format; give what the table says of it, and the error if it is wrong."""
    with tempfile.TemporaryDirectory() as folder:
        try:
            error = exported(kind, name, Path(folder))
        except (ValueError, ImportError) as refused:
            reasons.append(f"{kind} as {name}: {' '.join(str(refused).split())}")
            return "-", None if (kind, name) in REFUSED or isinstance(refused, ImportError) else float("inf")
    wrong = error > tolerance(kind, name)
    known = MISCOMPUTED.get((kind, name))
    if wrong and known:
        reasons.append(f"{kind} as {name}: {known}")
    return f"{error:.1e}{' !' if wrong else ''}", error if wrong and not known else None


def main() -> int:
    """Print the table as it comes; give the exit code."""
    kinds = [kind for kind in KINDS if not sys.argv[1:] or any(word.lower() in kind.lower() for word in sys.argv[1:])]
    reasons: list[str] = []
    failed = 0
    print(f"{'largest error':<24}" + "".join(f"{name:>13}" for name in FORMATS), flush=True)
    for kind in kinds:
        print(f"{kind:<24}", end="", flush=True)
        for name in FORMATS:
            said, wrong = cell(kind, name, reasons)
            failed += wrong is not None
            print(f"{said:>13}", end="", flush=True)
        print(flush=True)
    print("", *reasons, sep="\n")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
