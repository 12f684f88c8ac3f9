"""Time `fit` against its peers: `python -m benchmarks.training [CASE …]`."""

from __future__ import annotations

import argparse
import json
import sys

from benchmarks.training.cases import CASES
from benchmarks.training.measuring import measure
from benchmarks.training.peers import PEERS


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("cases", nargs="*")
    parser.add_argument("--peers", nargs="+", default=list(PEERS))
    parser.add_argument("--repetitions", type=int, default=5)
    parser.add_argument("--json")
    given = parser.parse_args()
    results = {}
    for name in given.cases or CASES:
        print(CASES[name].title, flush=True)
        results[name] = found = measure(CASES[name], given.peers, given.repetitions, lambda said: print(said, flush=True))
        ours = found["fit"].get("ours", {}).get("epoch")
        for peer, best in found["fit"].items():
            ratio = f"{best['epoch'] / ours:6.2f}x ours" if ours else ""
            print(f"    {peer:14} {best['way']:22} {best['epoch'] * 1e3:9.2f} ms an epoch  {ratio}  {best['plan']}")
        for what, times in found["calls"].items():
            print(f"    {what:14}", "  ".join(f"{peer} {seconds * 1e3:.2f} ms" for peer, seconds in times.items()))
    if given.json:
        with open(given.json, "w") as file:
            json.dump(results, file, indent=1)
    return 0


if __name__ == "__main__":
    sys.exit(main())
