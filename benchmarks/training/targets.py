"""What is wanted, as ratios, and what of it was reached."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from math import exp, log
from typing import Any

from benchmarks.training.cases import CASES

CALLS = ("evaluate", "predict", "predict one")


@dataclass(frozen=True)
class Line:
    """A target.

    Args:
        what: What is measured.
        against: What it is compared with.
        target: What is wanted, in words.
        reached: What was reached, in words.
        met: Whether that is enough.
    """

    what: str
    against: str
    target: str
    reached: str
    met: bool


def geometric_mean(values: Iterable[float]) -> float:
    """Give the geometric mean of positive numbers, of which there must be one at least."""
    logs = [log(value) for value in values]
    return exp(sum(logs) / len(logs))


def speed(found: dict[str, Any], peer: str) -> float | None:
    """Say how many times as fast as a peer our `fit` is on a case; `None` if either did not run.

    Args:
        found: What `measuring.measure` gave.
        peer: The peer.
    """
    fit = found["fit"]
    return float(fit[peer]["epoch"] / fit["ours"]["epoch"]) if peer in fit and "ours" in fit else None


def call_speed(found: dict[str, Any], what: str) -> float | None:
    """Say how many times as fast as Keras's a call is; `None` if either was not made."""
    times = found["calls"].get(what, {})
    return float(times["keras"] / times["ours"]) if {"keras", "ours"} <= set(times) else None


def lines(results: dict[str, Any]) -> list[Line]:
    """Compare what was measured with what is wanted; what was not measured has no line.

    Args:
        results: `cases`, `fresh`, `exactness` by case, and `saving`; each may be empty.
    """
    cases, fresh, exactness = results["cases"], results["fresh"], results["exactness"]
    found = [
        *_ratios("`fit`", "Keras 3 (TF) default", {n: speed(c, "keras") for n, c in cases.items()}, 1.0, mean=5.0),
        *_ratios("`fit`", "tf_keras default", {n: speed(c, "tf_keras") for n, c in cases.items()}, None, mean=4.0),
        *_ratios("`fit`", "Keras 3 on JAX", {n: speed(c, "jax") for n, c in cases.items()}, 1.0),
        *_ratios("`fit`", "a loop written by hand", {n: speed(c, "limit") for n, c in cases.items()}, 0.8),
        *_ratios("`fit` to the first step", "Keras 3", {n: _sooner(f, "first") for n, f in fresh.items()}, 1.0),
        *_differences(exactness, "plain", "without XLA", 1e-5),
        *_differences(exactness, "xla", "with XLA", 1e-5),
        *_ratios("`predict` of one sample", "Keras 3", _calls(cases, "predict one"), 20.0),
    ]
    for what in ("evaluate", "predict"):
        times = _calls(cases, what)
        small = {name: ratio for name, ratio in times.items() if CASES[name].small}
        found += _ratios(f"`{what}`, small models", "Keras 3", small, 2.0)
        found += _ratios(f"`{what}`", "Keras 3", times, 1.0)
    for action, ratio in _saving(results["saving"]).items():
        found.append(Line(f"`.keras`, 537 MB, {action}", "Keras 3", "≥ 3×", f"{ratio:.2f}×", ratio >= 3))
    return found


def _ratios(
    what: str, against: str, ratios: dict[str, float | None], least: float | None, mean: float | None = None
) -> list[Line]:
    """Give a line for the geometric mean, if that has a target, and one for the slowest case, if that has one."""
    known = {name: ratio for name, ratio in ratios.items() if ratio is not None}
    if not known:
        return []
    found = []
    average = geometric_mean(known.values())
    if mean is not None:
        reached = f"{average:.2f}×"
        found.append(Line(f"{what}, geometric mean", against, f"≥ {mean:g}×", reached, average >= mean))
    if least is not None:
        short = {name: ratio for name, ratio in known.items() if ratio < least}
        slowest = min(known, key=lambda name: known[name])
        reached = f"{known[slowest]:.2f}× ({slowest}); geometric mean {average:.2f}×"
        if short:
            reached += f"; short: {', '.join(f'{name} {ratio:.2f}' for name, ratio in short.items())}"
        found.append(Line(f"{what}, every case", against, f"≥ {least:g}×", reached, not short))
    return found


def _differences(exactness: dict[str, Any], key: str, how: str, most: float) -> list[Line]:
    known = {(name, path): apart for name, found in exactness.items() for path, apart in found.get(key, {}).items()}
    if not known:
        return []
    worst = sorted(known, key=lambda at: -known[at])[:2]
    reached = "; ".join(f"{known[name, path]:.1e} ({name}, `{path}`)" for name, path in worst)
    name, path = worst[0]
    if "nudged" in exactness[name]:
        reached += f"; under Keras 3, started one bit off, {max(exactness[name]['nudged'].values()):.1e}"
    if key == "xla":
        reached += f"; the first under Keras 3's own XLA {exactness[name]['stock_xla'].get(path, 0.0):.1e}"
    what = f"weights after 100 steps, {how}"
    return [Line(what, "Keras 3, same seed and order", f"≤ {most:g} relative", reached, known[worst[0]] <= most)]


def _calls(cases: dict[str, Any], what: str) -> dict[str, float | None]:
    return {name: call_speed(found, what) for name, found in cases.items()}


def _sooner(found: dict[str, Any], what: str) -> float | None:
    return float(found["keras"][what] / found["ours"][what])


def _saving(saving: dict[str, Any]) -> dict[str, float]:
    return {action: times["stock"] / times["ours"] for action, times in saving.items()}
