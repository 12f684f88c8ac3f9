"""The checksum of an archive's weights is found out while they are written, and compared while they are read."""

from __future__ import annotations

import zipfile
import zlib
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kerastui.engine import Input, Sequential, load_model
from kerastui.engine.saving import checksums, entries
from kerastui.engine.saving.checksums import joined
from kerastui.engine.saving.errors import DamagedFileError


@given(st.lists(st.binary(max_size=300), max_size=5))
def test_checksums_of_parts_make_that_of_the_whole(parts: list[bytes]) -> None:
    assert joined((len(part), zlib.crc32(part)) for part in parts) == zlib.crc32(b"".join(parts))


@pytest.fixture(scope="module")
def saved(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model with a weight of two megabytes, written and summed up in several pieces."""
    path = tmp_path_factory.mktemp("saved") / "m.keras"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(entries, "PIECE", 300_000)
        large().save(path)
    return path


def large() -> Any:
    return Sequential([Input((700,)), keras.layers.Dense(750, name="large"), keras.layers.Dense(2)])


def test_what_was_written_is_what_the_table_of_contents_says(saved: Path) -> None:
    with zipfile.ZipFile(saved) as archive:
        assert archive.testzip() is None
    theirs, ours = keras.saving.load_model(saved), load_model(saved)
    for one, other in zip(theirs.get_weights(), ours.get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)


def test_what_is_written_over_is_summed_up_anew(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(entries, "PIECE", 300_000)
    content = np.random.default_rng(0).bytes(2 << 20)
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive, entries.write_entry(archive, "a") as file:
        file.write(content)
        file.seek(450_000)
        file.write(b"changed")
        file.seek(700_000)
        file.write(content[: 1 << 20])
    expected = bytearray(content)
    expected[450_000:450_007] = b"changed"
    expected[700_000 : 700_000 + (1 << 20)] = content[: 1 << 20]
    with zipfile.ZipFile(tmp_path / "a.zip") as archive:
        assert archive.read("a") == expected


def flipped(source: Path, target: Path) -> Path:
    """Change one bit in the middle of the large weight."""
    content = bytearray(source.read_bytes())
    content[len(content) // 2] ^= 1
    target.write_bytes(content)
    return target


def test_one_bit_that_changed_is_damage(saved: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checksums, "PIECE", 300_000)
    path = flipped(saved, tmp_path / "m.keras")
    with pytest.raises(DamagedFileError, match=r"m\.keras: the file is damaged or cut short \(Bad CRC-32"):
        load_model(path)
    model = large()
    before = model.get_weights()
    with pytest.raises(DamagedFileError, match="Bad CRC-32"):
        model.load_weights(path)
    for one, other in zip(before, model.get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)
    model.load_weights(saved)
    np.testing.assert_array_equal(model.get_weights()[0], load_model(saved).get_weights()[0])
