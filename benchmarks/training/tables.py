"""The tables: in Markdown, padded, so that they can be read in a terminal and pasted as they are."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from benchmarks.training.cases import CASES
from benchmarks.training.fresh import EPOCHS
from benchmarks.training.machine import described
from benchmarks.training.peers import PEERS
from benchmarks.training.targets import CALLS, call_speed, geometric_mean, lines, speed


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Give a table in Markdown with its columns aligned.

    Args:
        head: Names of the columns.
        rows: Cells of each row.
    """
    widths = [max(len(row[column]) for row in (head, *rows)) for column in range(len(head))]
    padded = [[cell.ljust(width) for cell, width in zip(row, widths, strict=True)] for row in (head, *rows)]
    padded.insert(1, ["-" * max(width, 3) for width in widths])
    return "\n".join(f"| {' | '.join(row)} |" for row in padded)


def report(results: dict[str, Any]) -> str:
    """Give all tables of a run.

    Args:
        results: What `__main__` writes as JSON.
    """
    cases = results["cases"]
    devices: dict[str, list[str]] = {}
    for found in cases.values():
        devices |= found["devices"]
    parts = ["  \n".join(line for line in described(results["machine"], devices) if line)]
    if cases:
        parts += ["Milliseconds of an epoch of `fit` (steps a second):", _epochs(cases)]
        parts += ["How many times as fast `fit` of kerastui is:", _speeds(cases)]
        parts += ["How kerastui ran, and the fastest of each peer's ways:", _ways(cases)]
    if any(found["calls"] for found in cases.values()):
        parts += ["Milliseconds of a call, of kerastui and of Keras 3 (TF) default, and how many times as fast:"]
        parts += [_calls(cases)]
    if results["fresh"]:
        parts += [f"A new model in a new process, seconds to the first step and of {EPOCHS} epochs:"]
        parts += [_fresh(results["fresh"])]
    if results["exactness"]:
        parts += ["Largest relative difference of a weight to Keras 3 without XLA, after 100 steps without dropout:"]
        parts += [_exactness(results["exactness"])]
    rows = [
        [line.what, line.against, line.target, line.reached, "met" if line.met else "not met"]
        for line in lines(results)
    ]
    parts += ["Targets:", table(["what", "against", "target", "reached", ""], rows)]
    return "\n\n".join(parts)


def _title(name: str) -> str:
    case = CASES[name]
    return f"{case.title}; {case.rows:,}, {case.batch}"


def _present(cases: dict[str, Any]) -> list[str]:
    return [peer for peer in PEERS if any(peer in found["fit"] for found in cases.values())]


def _epochs(cases: dict[str, Any]) -> str:
    peers = _present(cases)

    def cell(name: str, peer: str) -> str:
        timed = cases[name]["fit"].get(peer)
        if timed is None:
            return "–"
        return f"{timed['epoch'] * 1e3:,.4g} ({CASES[name].steps / timed['epoch']:,.0f})"

    rows = [[_title(name), *(cell(name, peer) for peer in peers)] for name in cases]
    return table(["model; rows, batch", *(PEERS[peer] for peer in peers)], rows)


def _speeds(cases: dict[str, Any]) -> str:
    peers = [peer for peer in _present(cases) if peer != "ours"]
    found = {name: {peer: speed(case, peer) for peer in peers} for name, case in cases.items()}
    rows = [[CASES[name].title, *(_times(ratios[peer]) for peer in peers)] for name, ratios in found.items()]
    means = []
    for peer in peers:
        known = [ratio for ratios in found.values() if (ratio := ratios[peer]) is not None]
        means.append(_times(geometric_mean(known)) if known else "–")
    return table(["against", *(PEERS[peer] for peer in peers)], [*rows, ["geometric mean", *means]])


def _ways(cases: dict[str, Any]) -> str:
    chosen = [peer for peer in ("tuned", "tf_keras_xla", "limit") if peer in _present(cases)]
    rows = []
    for name, found in cases.items():
        plan = found["fit"].get("ours", {}).get("plan", "–")
        rows.append([CASES[name].title, plan, *(found["fit"].get(peer, {}).get("way", "–") for peer in chosen)])
    return table(["model", PEERS["ours"], *(PEERS[peer] for peer in chosen)], rows)


def _calls(cases: dict[str, Any]) -> str:
    rows = []
    for name, found in cases.items():
        row = [CASES[name].title]
        for what in CALLS:
            times = [found["calls"].get(what, {}).get(peer) for peer in ("ours", "keras")]
            shown = " / ".join("–" if seconds is None else f"{seconds * 1e3:.3g}" for seconds in times)
            row.append(f"{shown}: {_times(call_speed(found, what))}")
        rows.append(row)
    return table(["model", *(f"`{what}`" for what in CALLS)], rows)


def _fresh(fresh: dict[str, Any]) -> str:
    rows = []
    for name, found in fresh.items():
        ours, keras = found["ours"], found["keras"]
        cells = [
            f"{ours[what]:.2f} / {keras[what]:.2f}: {_times(keras[what] / ours[what])}" for what in ("first", "whole")
        ]
        rows.append([CASES[name].title, *cells])
    return table(["model", "first step: kerastui / Keras 3 (TF)", f"{EPOCHS} epochs"], rows)


def _exactness(exactness: dict[str, Any]) -> str:
    keys = ("plain", "xla", "stock_xla", "nudged")
    rows = [[CASES[name].title, *(_farthest(found.get(key)) for key in keys)] for name, found in exactness.items()]
    return table(["model", "kerastui", "kerastui, XLA", "Keras 3, XLA", "Keras 3, last bits changed"], rows)


def _farthest(apart: dict[str, float] | None) -> str:
    return f"{max(apart.values()):.1e}" if apart else "–"


def _times(ratio: float | None) -> str:
    return "–" if ratio is None else f"{ratio:.2f}×"
