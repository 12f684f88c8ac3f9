"""Weights go between file and model without a copy, and into a `.keras` archive in one pass."""

from __future__ import annotations

import zipfile
from pathlib import Path

import h5py
import keras
import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st

from kerastui.engine.keras_private import WeightsStore, read_dataset, value_in_place
from kerastui.engine.saving.entries import read_entry, write_entry

LARGE = (800, 800)  # beyond the megabyte from which it matters


@pytest.mark.parametrize("dtype", ["float32", "float16", "bfloat16", "int64", "bool"])
def test_a_variable_is_written_from_its_own_memory(dtype: str) -> None:
    variable = keras.Variable(np.ones(LARGE), dtype=dtype, trainable=False)
    assert np.shares_memory(value_in_place(variable), value_in_place(variable))
    assert value_in_place(variable).dtype == dtype
    np.testing.assert_array_equal(value_in_place([1, 2]), [1, 2])


@pytest.mark.parametrize("dtype", ["float32", "float16", "int64"])
def test_a_variable_takes_over_what_was_read(tmp_path: Path, dtype: str) -> None:
    value = (np.arange(800 * 800) % 1000).reshape(LARGE).astype(dtype)
    with h5py.File(tmp_path / "w.h5", "w") as file:
        file["w"] = value
        read = read_dataset(file["w"])
    variable = keras.Variable(np.zeros(LARGE), dtype=dtype, trainable=False)
    np.testing.assert_array_equal(read * 1, value)
    variable.assign(read)
    assert np.shares_memory(value_in_place(variable), read)
    with pytest.raises(ValueError, match="read-only"):
        read[0] = 1  # it would change the variable
    other = tf.convert_to_tensor(read)  # a second time it is copied
    assert not np.shares_memory(other.__array__(), read)
    variable.assign_add(tf.ones_like(variable.value))
    np.testing.assert_array_equal(variable, value + np.ones((), dtype))


def test_another_type_and_a_part_are_converted_as_arrays_are(tmp_path: Path) -> None:
    with h5py.File(tmp_path / "w.h5", "w") as file:
        file["w"], file["little"] = np.ones(LARGE, "float32"), np.ones(3)
        read = read_dataset(file["w"])
        assert type(read_dataset(file["little"])) is np.ndarray
    np.testing.assert_array_equal(tf.convert_to_tensor(read[1:3]), np.ones((2, 800)))
    variable = keras.Variable(np.zeros(LARGE), dtype="bfloat16", trainable=False)
    variable.assign(read)
    np.testing.assert_array_equal(value_in_place(variable), np.ones(LARGE))


def test_a_store_is_only_for_what_it_was_opened_for(tmp_path: Path) -> None:
    WeightsStore(tmp_path / "w.h5", mode="w").close()
    store = WeightsStore(tmp_path / "w.h5")
    with pytest.raises(ValueError, match="opened to read"):
        store["0"] = np.zeros(3)
    store.close()


@settings(max_examples=40, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 3000), st.binary(min_size=1, max_size=2000)), min_size=1, max_size=6))
def test_an_entry_written_in_any_order_is_a_sound_one(
    tmp_path_factory: pytest.TempPathFactory, parts: list[tuple[int, bytes]]
) -> None:
    path = tmp_path_factory.mktemp("archive") / "a.zip"
    expected = bytearray()
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("before", "1")
        with write_entry(archive, "middle") as file:
            for place, data in parts:
                file.seek(place)
                file.write(data)
                expected += bytes(max(0, place + len(data) - len(expected)))
                expected[place : place + len(data)] = data
        archive.writestr("after", "2")
    with zipfile.ZipFile(path) as archive:
        assert archive.testzip() is None
        assert archive.namelist() == ["before", "middle", "after"]
        assert archive.read("middle") == expected
        with read_entry(archive, "middle") as file:
            file.seek(len(expected) // 2)
            assert file.read() == expected[len(expected) // 2 :]
