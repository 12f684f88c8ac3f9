"""Whatever moment a process is killed at, what it was replacing is wholly the old or wholly the new."""

import itertools
import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tensorflow as tf
from small_models import line, weights_of

from kerastui.engine.saving import folders
from kerastui.engine.saving.folders import replacing_folder


class Killed(BaseException):
    """Stands for the end of the process."""


def kill_at_each_move(
    monkeypatch: pytest.MonkeyPatch, action: Callable[[], object], names: tuple[str, ...] = ("replace", "unlink")
) -> Iterator[None]:
    """Run an action again and again, killed at its first move, its second one and so on, at last not at all."""

    def until(allowed: int, made: Iterator[int], real: Callable[..., Any]) -> Callable[..., Any]:
        def move(*args: Any, **kwargs: Any) -> Any:
            if next(made) >= allowed:
                raise Killed
            return real(*args, **kwargs)

        return move

    for allowed in itertools.count():
        made = itertools.count()
        with monkeypatch.context() as patch:
            for name in names:
                patch.setattr(os, name, until(allowed, made, getattr(os, name)))
            patch.setattr("shutil.rmtree", lambda *_, **__: None)  # nobody cleans up after a kill
            try:
                action()
                killed = False
            except Killed:
                killed = True
        yield
        if not killed:
            return


def numbered(number: float) -> Any:
    model = line()
    model.set_weights([np.full_like(weight, number) for weight in model.get_weights()])
    return model


def number_in(prefix: Path) -> float:
    """Read a checkpoint by TensorFlow's own reader; all its weights are the same number."""
    reader = tf.train.load_checkpoint(str(prefix))
    names = [name for name, shape in reader.get_variable_to_shape_map().items() if shape in ([2], [3, 2])]
    found = {float(value) for name in names for value in reader.get_tensor(name).ravel()}
    assert len(names) == 2
    assert len(found) == 1
    return found.pop()


def test_a_checkpoint_is_the_old_or_the_new(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    old, new, path = numbered(1), numbered(2), tmp_path / "w"
    old.save_weights(path)
    seen: list[float] = []
    for _ in kill_at_each_move(monkeypatch, lambda: new.save_weights(path)):
        seen.append(number_in(path))
        back = line()
        back.load_weights(path).expect_partial()
        assert weights_of(back) == weights_of(numbered(seen[-1]))
        old.save_weights(path)
        assert number_in(path) == 1
        assert len([file for file in tmp_path.iterdir() if ".data-" in file.name]) <= 3
    assert sorted(set(seen)) == [1, 2]
    assert seen == sorted(seen)
    assert seen[-2:] == [2, 2]  # the removal of the old data comes when the new is there


def test_a_checkpoint_that_is_not_interrupted_leaves_nothing_behind(tmp_path: Path) -> None:
    for number in (1, 2, 3):
        numbered(number).save_weights(tmp_path / "w", options=tf.train.CheckpointOptions(enable_async=number == 3))
        assert number_in(tmp_path / "w") == number
        files = {file.name.partition("-of-")[2] for file in tmp_path.iterdir() if ".data-" in file.name}
        assert len(files) == 1
    assert {file.name for file in tmp_path.iterdir()} == {"checkpoint", "w.index", "w.data-00000-of-00001"}


LINUX = pytest.mark.skipif(sys.platform != "linux", reason="exchanging two folders at once is a call of Linux")
NEW = {"saved_model.pb": "new", "variables/a": "new"}


def filled(folder: Path, content: str) -> None:
    for name in NEW:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(content)


def content(folder: Path) -> dict[str, str]:
    return {str(file.relative_to(folder)): file.read_text() for file in folder.rglob("*") if file.is_file()}


@pytest.mark.parametrize("at_once", [pytest.param(True, marks=LINUX), False])
def test_a_folder_is_the_old_or_the_new(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, at_once: bool) -> None:
    """Where no system call exchanges two folders, it may be away for a moment, and lies whole beside."""
    if not at_once:
        monkeypatch.setattr(folders, "_exchanged_at_once", lambda *_: False)
    wholly_old = dict.fromkeys(NEW, "old") | {"mine/notes": "kept", "keras_metadata.pb": "old"}
    wholly_new = NEW | {"mine/notes": "kept"}
    places = (tmp_path / str(number) / "m" for number in itertools.count())
    target = tmp_path

    def replace() -> None:
        nonlocal target
        target = next(places)
        for name, text in wholly_old.items():
            (target / name).parent.mkdir(parents=True, exist_ok=True)
            (target / name).write_text(text)
        with replacing_folder(target, stale=("keras_metadata.pb",)) as folder:
            filled(folder, "new")

    away = 0
    for _ in kill_at_each_move(monkeypatch, replace, ("replace",)):
        if target.exists():
            assert content(target) in (wholly_old, wholly_new)
        else:
            away += 1
            beside = [content(folder) for folder in target.parent.iterdir()]
            assert wholly_old in beside
            assert wholly_new in beside
    assert content(target) == wholly_new
    assert away == (0 if at_once else 1)


def test_the_folder_that_one_is_in_stays_itself(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    filled(tmp_path / "m", "old")
    monkeypatch.chdir(tmp_path / "m")
    with replacing_folder(Path()) as folder:
        filled(folder, "new")
    assert content(Path()) == content(tmp_path / "m") == NEW


def test_a_failed_exchange_leaves_both(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(folders, "_exchanged_at_once", lambda *_: False)
    filled(tmp_path / "m", "old")
    with pytest.raises(FileNotFoundError):
        folders.exchange(tmp_path / "nothing", tmp_path / "m")
    assert content(tmp_path / "m") == dict.fromkeys(NEW, "old")
