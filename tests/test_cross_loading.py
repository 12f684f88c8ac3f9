"""What any library wrote opens here, and what we write opens in the others: a part of `make matrix`."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
FORMATS = (".keras", ".h5", ".weights.h5", "JSON, and weights")
WRITERS = ("keras", "tf_keras", "here", "tf.keras 2.10", "tf.keras 2.1", "Keras 2.3.1", "Keras 2.2.2")
KINDS = ("nested", "custom")


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_files_of_each_library_open_in_the_others() -> None:
    command = [sys.executable, "-m", "tests.matrix", *FORMATS, *KINDS]
    ended = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)

    assert ended.returncode == 0, f"{ended.stdout}\n{ended.stderr[-4000:]}"
    for writer in WRITERS:
        assert f" {writer} " in ended.stdout
