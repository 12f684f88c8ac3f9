"""What the benchmark of training makes of its figures."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

sys.path.append(str(Path(__file__).parents[1]))

from benchmarks.training import tables, targets
from benchmarks.training.cases import CASES
from benchmarks.training.measuring import measure
from benchmarks.training.peers import PEERS, WAYS
from benchmarks.training.runners import Loop, settled


def timed(**epochs: float) -> dict[str, Any]:
    calls = {what: {"ours": 0.001, "keras": 0.04} for what in targets.CALLS}
    fit = {peer: {"epoch": epoch, "way": "", "plan": "chunks"} for peer, epoch in epochs.items()}
    return {"fit": fit, "calls": calls, "devices": {"ours": ["CPU:0"]}}


def results(**cases: Any) -> dict[str, Any]:
    about = {"cores": 2, "cpu": "a CPU", "memory": 8e9, "load": 0.1, "system": "Linux", "date": "today", "python": "3"}
    machine = about | {"libraries": {"keras": "3.15.1"}}
    return {"machine": machine, "cases": cases, "fresh": {}, "exactness": {}, "saving": {}}


def line(found: dict[str, Any], what: str, against: str) -> targets.Line:
    return next(one for one in targets.lines(found) if one.what == what and one.against == against)


def test_a_mean_is_met_and_a_slow_case_is_named() -> None:
    found = results(tiny=timed(ours=0.01, keras=0.2, limit=0.009), cnn=timed(ours=0.2, keras=0.18, limit=0.1))

    mean = line(found, "`fit`, geometric mean", "Keras 3 (TF) default")
    each = line(found, "`fit`, every case", "Keras 3 (TF) default")
    limit = line(found, "`fit`, every case", "a loop written by hand")

    assert (mean.reached, mean.met) == ("4.24×", False)
    assert not each.met
    assert "0.90× (cnn)" in each.reached
    assert not limit.met
    assert "short: cnn 0.50" in limit.reached, "0.9 of the limit is enough for the other"


def test_small_models_have_a_target_of_their_own() -> None:
    found = results(tiny=timed(ours=0.01, keras=0.2), cnn=timed(ours=0.2, keras=1.8))
    found["cases"]["cnn"]["calls"]["evaluate"]["keras"] = 0.0011

    assert line(found, "`evaluate`, every case", "Keras 3").met
    assert line(found, "`evaluate`, small models, every case", "Keras 3").reached.startswith("40.00× (tiny)")
    assert line(found, "`predict` of one sample, every case", "Keras 3").met


def test_differences_of_weights_and_files_are_compared_with_their_targets() -> None:
    found = results()
    found["exactness"] = {
        "tiny": {"plain": {"kernel": 0.0}, "xla": {"kernel": 2e-5, "bias": 1e-6}, "stock_xla": {"kernel": 3e-5}},
        "resnet": {"plain": {"kernel": 1e-7}},
    }
    found["saving"] = {"save": {"ours": 1.0, "stock": 2.0}, "load": {"ours": 1.0, "stock": 3.5}}
    found["fresh"] = {"tiny": {"ours": {"first": 1.0, "whole": 2.0}, "keras": {"first": 2.0, "whole": 3.0}}}

    met = {one.what: one.met for one in targets.lines(found)}

    assert list(met.values()) == [True, True, False, False, True]
    assert "2.0e-05 (tiny, `kernel`); 1.0e-06 (tiny, `bias`); the first under Keras 3's own XLA 3.0e-05" in str(
        targets.lines(found)
    )
    assert "| 2.00×" in tables.report(found).replace("1.00 / 2.00: ", "| ")


def test_what_was_not_measured_has_no_line_and_no_column() -> None:
    found = results(tiny=timed(ours=0.01, jax=0.02))

    assert not [one for one in targets.lines(found) if "tf_keras" in one.against]
    assert PEERS["tuned"] not in tables.report(found)
    assert "2.00×" in tables.report(found)


def test_a_warm_up_goes_on_until_nothing_is_compiled_any_more() -> None:
    assert not settled([])
    assert not settled([1.0, 1.0, 1.0, 2.9]), "the last compiled something"
    assert not settled([5.0, 0.1, 0.1]), "too short"
    assert settled([5.0, 1.0, 1.1])


def test_a_turn_is_as_many_epochs_as_asked_for() -> None:
    ran: list[int] = []
    loop = Loop(lambda: ran.append(1))

    assert len(loop.turn()) == 1
    assert len(loop.turn(3)) == 3
    assert len(ran) == 4


class Pretended:
    """A worker whose ways take as long as it is told."""

    def __init__(self, module: str, family: str, case: str, home: str) -> None:
        self.family = family
        self.turns = 0

    def answer(self) -> dict[str, Any]:
        return {"devices": [self.family]}

    def ask(self, do: str, key: str = "", slowest: float | None = None, **_: Any) -> dict[str, Any]:
        epoch = {"ours": 0.1, "keras": 0.4, "tuned: 16 steps": 0.3, "tuned: 64 steps": 0.2}.get(key, 2.0)
        if do == "start":
            late = slowest is not None and epoch > slowest
            return {"dropped": "slow"} if late else {"epoch": epoch, "warming": 1.0, "plan": ""}
        self.turns += do == "turn"
        return {"epoch": epoch + self.turns % 2, "seconds": epoch}

    def close(self) -> None:
        """Nothing runs."""


def test_ways_far_behind_take_no_turns_and_the_best_way_stands_for_its_peer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("benchmarks.training.measuring.Process", Pretended)
    told: list[str] = []

    found = measure(CASES["tiny"], ["ours", "keras", "tuned"], 4, 60.0, told.append)

    assert list(found["ways"]) == ["ours", "keras", "tuned: 64 steps"]
    assert found["fit"]["tuned"]["way"] == "64 steps"
    assert found["fit"]["ours"]["epoch"] == pytest.approx(0.6), "the median of 1.1, 0.1, 1.1 and 0.1"
    assert len(found["ways"]["ours"]["times"]) == 4
    assert list(found["failed"]) == ["tuned: 16 steps, XLA"], "that of 64 is not even tried"
    assert found["calls"]["evaluate"] == {"ours": 0.1, "keras": 0.4}


def test_every_case_has_the_same_data_each_time() -> None:
    for case in CASES.values():
        (x, y), (again, _) = case.arrays(8), case.arrays(8)
        parts, same = (list(part) if isinstance(part, list) else [part] for part in (x, again))
        assert all(np.array_equal(one, other) for one, other in zip(parts, same, strict=True)), case.name
        assert len(case.losses) == (len(y) if isinstance(y, list) else 1)
    assert {way.peer for way in WAYS} == set(PEERS)
