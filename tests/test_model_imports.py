"""`kerastui.engine` is light to import, names its classes, and refuses another backend than TensorFlow."""

import json
import os
import subprocess
import sys

import pytest

import kerastui.engine


def run_python(code: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", code], env=os.environ | environment, capture_output=True, text=True, timeout=100
    )


def test_importing_the_package_or_what_the_terminal_side_needs_loads_neither_tensorflow_nor_keras() -> None:
    code = (
        "import sys, json, kerastui.engine\n"
        "from kerastui.engine.training import arguments, control, events, pace\n"
        "dir(kerastui.engine)\n"
        "print(json.dumps(sorted({'tensorflow', 'keras', 'numpy'} & set(sys.modules))))"
    )
    done = run_python(code)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == []


def test_all_names_are_listed_and_come_from_the_package() -> None:
    assert set(kerastui.engine.__all__) <= set(dir(kerastui.engine))
    for name in kerastui.engine.__all__:
        assert callable(getattr(kerastui.engine, name)), name


def test_an_unknown_name_is_an_attribute_error_that_names_it() -> None:
    with pytest.raises(AttributeError, match=r"'kerastui\.engine' has no attribute 'Mode'"):
        kerastui.engine.Mode  # noqa: B018


@pytest.mark.parametrize("backend", ["jax", "torch"])
def test_another_backend_is_refused_with_a_way_out_before_it_is_imported(backend: str) -> None:
    done = run_python("from kerastui.engine import Model", KERAS_BACKEND=backend)
    assert done.returncode == 1
    last = done.stderr.strip().splitlines()[-1]
    assert last.startswith("ImportError: kerastui.engine needs Keras on its TensorFlow backend.")
    assert f"Received: KERAS_BACKEND={backend}" in last
