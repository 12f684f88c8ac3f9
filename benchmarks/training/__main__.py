"""Time training against its peers and print the tables of targets.

    uv run --group benchmarks python -m benchmarks.training [CASE …] [--peers PEER …] [--only PART …]

Without any, all of it: about 20 minutes on two cores, on which nothing else should run. What is going on goes to the
standard error, the tables in Markdown to the standard output, and all figures to a file of JSON, from which `--from`
prints the tables again.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from pathlib import Path
from typing import Any

from benchmarks.training import exactness, fresh, saved
from benchmarks.training.cases import CASES
from benchmarks.training.machine import load, machine
from benchmarks.training.measuring import measure
from benchmarks.training.peers import PEERS
from benchmarks.training.processes import WorkerError
from benchmarks.training.tables import report

PARTS = ("fit", "fresh", "exactness", "saving")
QUICK = ("tiny", "cnn", "text")


def run(given: argparse.Namespace) -> dict[str, Any]:
    """Measure what is asked for, and write it after each case; what fails is told and left out."""
    began = time.monotonic()
    names = given.cases or (QUICK if given.quick else CASES)
    parts = given.only or (PARTS[:-1] if given.quick else PARTS)
    results: dict[str, Any] = {"machine": machine(), "cases": {}, "fresh": {}, "exactness": {}, "saving": {}}
    for name in names:
        case = CASES[name]
        tell(case.title)
        try:
            if "fit" in parts:
                share = given.minutes * 60 / len(names)
                results["cases"][name] = measure(case, given.peers, given.repetitions, share, tell)
            if "fresh" in parts:
                results["fresh"][name] = fresh.compare(case, min(2, given.repetitions), tell)
            if "exactness" in parts:
                results["exactness"][name] = exactness.compare(case)
        except WorkerError as error:
            tell(f"  {error}")
        given.json.write_text(json.dumps(results, indent=1))
    if "saving" in parts:
        tell("saving and loading 537 MB")
        results["saving"] = saved.compare(min(2, given.repetitions))
    results["machine"] |= {"load_after": load(), "seconds": round(time.monotonic() - began)}
    given.json.write_text(json.dumps(results, indent=1))
    return results


def tell(said: str) -> None:
    """Say what is going on."""
    print(said, file=sys.stderr, flush=True)


def main() -> int:
    """Measure, print and write."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.training", description="Time training against peers.")
    parser.add_argument("cases", nargs="*", choices=[*CASES, []], metavar="CASE", help=", ".join(CASES))
    parser.add_argument("--peers", nargs="+", choices=PEERS, default=list(PEERS), metavar="PEER", help=", ".join(PEERS))
    parser.add_argument("--only", nargs="+", choices=PARTS, metavar="PART", help=", ".join(PARTS))
    parser.add_argument("--repetitions", type=int, default=5, help="turns of each peer, of which the median counts: 5")
    parser.add_argument("--minutes", type=float, default=12.0, help="after which `fit` has no more turns than one: 12")
    parser.add_argument("--quick", action="store_true", help=f"only {', '.join(QUICK)}, and no saving")
    parser.add_argument("--json", type=Path, default=Path("benchmark-training.json"), help="where the figures go")
    parser.add_argument("--from", type=Path, dest="earlier", metavar="JSON", help="print the tables of an earlier run")
    given = parser.parse_args()
    print(report(json.loads(given.earlier.read_text()) if given.earlier else run(given)))
    return 0


if __name__ == "__main__":
    sys.exit(main())
