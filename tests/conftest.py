"""What every test gets: a home of its own, and a TensorFlow that keeps quiet; and what some ask for."""

from __future__ import annotations

import gc
import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
import textual._wait

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("KERAS_BACKEND", "tensorflow")


# Textual's pilot takes an app for idle that did next to nothing for 20 ms, twice after each key: a third of the time of
# the tests of screens. 5 ms tell the same.
textual._wait.SLEEP_GRANULARITY = 0.005
textual._wait.SLEEP_IDLE = textual._wait.SLEEP_GRANULARITY / 20

# Collecting garbage was a fifth of the tests' time: TensorFlow, Keras and the tests are two million objects that never
# become garbage, and each full collection went through all of them.
gc.disable()


def pytest_collection_finish() -> None:
    """Keep what importing the tests has made out of every later collection of garbage."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(10_000, 10, 10)
    gc.enable()


@pytest.fixture(autouse=True)
def _own_home(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Keep settings, logs and sockets of a test apart from the person's and from other tests'."""
    folder = tmp_path_factory.mktemp("home")
    monkeypatch.setenv("KERASTUI_HOME", str(folder))
    return folder


@pytest.fixture
def ctrl_c_interrupts() -> Iterator[None]:
    """As in a program of its own; a test runner may have set it otherwise."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)
