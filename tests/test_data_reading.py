"""Reading sources: every format, every kind of bad file, and what importing costs."""

from __future__ import annotations

import io
import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from typing import TypeAlias

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kerastui.engine.data.array_file import read_arrays
from kerastui.engine.data.errors import DataError
from kerastui.engine.data.preview import sample_rows
from kerastui.engine.data.table import Table, bundled_names, is_missing, read_table

Damage: TypeAlias = list[tuple[int, int]]


def write(folder: Path, content: str | bytes, name: str = "table.csv") -> Table:
    """Write a file and read it as a table."""
    data = content.encode() if isinstance(content, str) else content
    (folder / name).write_bytes(data)
    return read_table(name, folder)


def npz(**arrays: np.ndarray) -> bytes:
    file = io.BytesIO()
    np.savez(file, **arrays)  # type: ignore[arg-type]
    return file.getvalue()


def npy(array: np.ndarray) -> bytes:
    file = io.BytesIO()
    np.save(file, array)
    return file.getvalue()


def test_bundled_digits_are_8_by_8_images() -> None:
    table = read_table("bundled:digits", Path())
    assert {name: (str(each.dtype), each.shape) for name, each in table.columns.items()} == {
        "image": ("uint8", (1797, 8, 8)),
        "digit": ("uint8", (1797,)),
    }
    assert (table.columns["image"].min(), table.columns["image"].max()) == (0, 16)
    assert table.summary == "NPZ · 2 arrays · 117.3 kB"


def test_bundled_tables() -> None:
    assert {"digits", "iris", "penguins", "shapes", "ratings"} < set(bundled_names())
    iris = read_table("bundled:iris", Path())
    assert (iris.rows, list(iris.columns)[-1]) == (150, "species")
    penguins = read_table("bundled:penguins", Path())
    assert penguins.summary == "CSV · comma · utf-8 · 15.2 kB"
    missing = np.stack([is_missing(values) for values in penguins.columns.values()])
    assert (penguins.rows, missing.sum(), missing.any(axis=0).sum()) == (344, 19, 11)


@pytest.mark.parametrize(
    ("content", "facts"),
    [
        (b"a,b\n1,x\n2,y\n", ("CSV", "comma", "utf-8")),
        (b"a\tb\r\n1\tx\r\n2\ty\r\n", ("TSV", "tab", "utf-8")),
        (b"a|b\r1|x\r2|y\r", ("CSV", "bar", "utf-8")),
        ("\ufeffa,b\n1,x\n2,y\n".encode(), ("CSV", "comma", "utf-8-sig")),
        ("a;b\n1;x\n2;y\n".encode("utf-16"), ("CSV", "semicolon", "utf-16")),
        (b"\n\na, b\n1, x\n\n2, y", ("CSV", "comma", "utf-8")),
    ],
)
def test_delimiter_and_encoding_are_found(tmp_path: Path, content: bytes, facts: tuple[str, ...]) -> None:
    table = write(tmp_path, content)
    assert table.facts[:-1] == facts
    assert {name: values.tolist() for name, values in table.columns.items()} == {"a": [1, 2], "b": ["x", "y"]}


def test_latin_1_is_called_a_guess(tmp_path: Path) -> None:
    table = write(tmp_path, "stadt,zahl\nKöln,1\nGörlitz,2\n".encode("latin-1"))
    assert table.columns["stadt"].tolist() == ["Köln", "Görlitz"]
    assert "latin-1 (guessed)" in table.facts


def test_decimal_comma(tmp_path: Path) -> None:
    table = write(tmp_path, "x;name\n1,5;a,b\n-2,25;c\n")
    assert table.columns["x"].tolist() == [1.5, -2.25]
    assert table.columns["name"].tolist() == ["a,b", "c"]


def test_quotes_hold_delimiters_and_line_ends(tmp_path: Path) -> None:
    table = write(tmp_path, 'name,n\n"a, b",1\n"two\nlines",2\n')
    assert table.columns["name"].tolist() == ["a, b", "two\nlines"]


def test_types_and_missing_values(tmp_path: Path) -> None:
    table = write(tmp_path, "i,f,t,b,mixed,flag\n1,1.5,x,True,1,True\n2,,NA,False,?,\n3,2.5,y,True,z,False\n")
    assert [values.dtype.kind for values in table.columns.values()] == ["i", "f", "O", "b", "O", "O"]
    assert table.columns["t"].tolist() == ["x", None, "y"]
    assert table.columns["mixed"].tolist() == ["1", None, "z"]
    assert table.columns["flag"].tolist() == ["True", None, "False"]
    assert is_missing(table.columns["f"]).tolist() == [False, True, False]


def test_unnamed_column_gets_a_name_and_numbered_headers_are_names(tmp_path: Path) -> None:
    assert list(write(tmp_path, ",a\n0,1.5\n1,2.5\n").columns) == ["column_1", "a"]
    assert list(write(tmp_path, "0,1,2\n4,5,6\n", "numbered.csv").columns) == ["0", "1", "2"]


def test_arrays(tmp_path: Path) -> None:
    content = npz(x=np.arange(12, dtype=">f4").reshape(3, 4), name=np.array(["a", "b", "c"]), raw=np.array([b"a"] * 3))
    table = write(tmp_path, content, "data.npz")
    assert table.columns["x"].dtype == np.float32
    assert table.columns["x"].dtype.isnative
    assert table.columns["name"].tolist() == ["a", "b", "c"]
    assert table.columns["raw"].tolist() == ["a", "a", "a"]
    structured = write(tmp_path, npy(np.array([(1, 2.5), (3, 4.5)], [("n", int), ("f", float)])), "fields.npy")
    assert {name: values.tolist() for name, values in structured.columns.items()} == {"n": [1, 3], "f": [2.5, 4.5]}
    assert list(write(tmp_path, npy(np.zeros((2, 3))), "plain.npy").columns) == ["plain"]


BAD_TEXT: dict[str, tuple[str | bytes, str]] = {
    "more values": ("a,b\n1,2\n3,4,5\n", "table.csv, line 3: 3 values where the header has 2 columns"),
    "fewer values": ("a,b\n1,2\n\n3\n", "table.csv, line 4: 1 value where the header has 2 columns"),
    "more, quoted": ('a,b\n"x\ny",2\n3,4,5\n', "table.csv, line 4: 3 values where"),
    "longer than header": ("a,b\n1,2,3\n4,5,6\n", "line 2: 3 values where the header has 2"),
    "empty": ("", "the file is empty"),
    "blank": (" \n\n", "the file is empty"),
    "no rows": ("a,b\n", "there is a header but no rows"),
    "no header": ("5.1,3.5,setosa\n4.9,3.0,setosa\n", "line 1: the first line holds values, not the names"),
    "no header, whole numbers": ("3,1\n4,1\n", "the first line holds values"),
    "header without names": (",\n1,2\n", "line 1: the header has no names"),
    "quotes around nothing": ('""\n', "line 1: the header has no names"),
    "same name twice": ("a,b,a\n1,2,3\n", "columns 1 and 3 are both called `a`"),
    "open quote": ('a,b\n1,"2\n3,4\n', "table.csv"),
    "NUL": (b"a,b\n\0\0,1\n", "this is not text"),
    "binary": (bytes(range(1, 256)) * 9, "this is not text"),
    "zip": (npz(a=np.ones(2)), "this is a zip archive or a spreadsheet"),
    "picture": (b"\x89PNG\r\n\x1a\n\0\0", "this is a PNG picture"),
}


@pytest.mark.parametrize("case", BAD_TEXT)
def test_bad_text_says_what_and_where_and_what_next(tmp_path: Path, case: str) -> None:
    content, message = BAD_TEXT[case]
    with pytest.raises(DataError) as caught:
        write(tmp_path, content)
    assert message in str(caught.value)
    assert "table.csv" in caught.value.where
    assert caught.value.hint.endswith(".")
    assert caught.value.problem.severity == "error"


BAD_ARRAYS = {
    "unequal lengths": (npz(x=np.ones(3), y=np.ones(2)), "array `y` has 2 rows, `x` has 3"),
    "single value": (npz(x=np.ones(3), y=np.array(2.0)), "array `y`: it is a single value"),
    "complex": (npz(x=np.ones(3, complex)), "arrays of complex128 are not understood"),
    "objects": (npz(x=np.array([{}, {}], object)), "it holds Python objects"),
    "no rows": (npz(x=np.ones((0, 3))), "it has no values, the shape is (0, 3)"),
    "text matrix": (npz(x=np.array([["a"], ["b"]])), "text needs one value per row"),
    "no arrays": (npz(), "there are no arrays in it"),
    "damaged": (npz(x=np.ones(3))[:40], "this is not a sound NPZ file"),
    "text": (b"a,b\n1,2\n", "this is not a sound NPZ file"),
}


@pytest.mark.parametrize("case", BAD_ARRAYS)
def test_bad_arrays(tmp_path: Path, case: str) -> None:
    content, message = BAD_ARRAYS[case]
    with pytest.raises(DataError) as caught:
        write(tmp_path, content, "table.npz")
    assert message in str(caught.value)


@given(st.booleans(), st.lists(st.tuples(st.integers(0, 10_000), st.integers(0, 255)), min_size=1, max_size=4))
def test_damaged_arrays_are_read_or_refused(
    tmp_path_factory: pytest.TempPathFactory, zipped: bool, damage: Damage
) -> None:
    content = bytearray(npz(x=np.ones((4, 2)), y=np.arange(4)) if zipped else npy(np.ones((4, 2))))
    for place, value in damage:
        content[place % len(content)] = value
    path = tmp_path_factory.getbasetemp() / ("damaged.npz" if zipped else "damaged.npy")
    path.write_bytes(content)
    with suppress(DataError):
        assert read_arrays(path)[1]


def test_bad_places(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for source, message in {
        "": "no data source is chosen",
        "absent.csv": "there is no such file",
        ".": "this is a folder",
        "bundled:moons": "there is no bundled data set `moons`",
        "~nobody-of-that-name/x.csv": "there is no such home folder",
    }.items():
        with pytest.raises(DataError, match=message):
            read_table(source, tmp_path)
    (tmp_path / "locked.csv").write_text("a,b\n1,2\n")

    def refuse(path: Path) -> bytes:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "read_bytes", refuse)
    with pytest.raises(DataError, match="cannot be read: permission denied"):
        read_table("locked.csv", tmp_path)


def test_a_table_is_read_only_kept_and_read_again_when_it_changes(tmp_path: Path) -> None:
    first = write(tmp_path, "a,b\n1,2\n")
    assert read_table("table.csv", tmp_path) is first
    assert read_table(str(tmp_path / "table.csv"), Path("elsewhere")) is first
    with pytest.raises(ValueError, match="read-only"):
        first.columns["a"][0] = 5
    assert write(tmp_path, "a,b\n1,2\n3,4\n").rows == 2


def test_preview_keeps_decimals_alike_and_marks_missing_values() -> None:
    rows = sample_rows(read_table("bundled:penguins", Path()), 2, 2)
    assert rows == [
        ["Adelie", "Torgersen", "40.3", "18.0", "195", "3250", "female", "2007"],
        ["Adelie", "Torgersen", "–", "–", "–", "–", "–", "2007"],
    ]
    assert sample_rows(read_table("bundled:digits", Path()), 1796, 10) == [["8×8", "8"]]
    assert sample_rows(read_table("bundled:digits", Path()), 1797, 10) == []


def test_importing_is_light() -> None:
    """The package imports no pandas and nothing in it imports TensorFlow, Keras or Textual."""
    code = """
import sys
from pathlib import Path
from typing import TypeAlias
import kerastui.engine.data
assert "numpy" not in sys.modules
from kerastui.engine.data import binding, check, dataset, preview, profile, split, table
assert "pandas" not in sys.modules
found = table.read_table("bundled:iris", Path())
from kerastui.engine.project.document import Data
dataset.encode(found, Data("bundled:iris", profile.suggest(profile.profile(found))), {"x": (4,)}, ["y"])
print(sorted({"tensorflow", "keras", "textual", "pandas"} & set(sys.modules)))
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (done.stdout.strip(), done.stderr) == ("['pandas']", "")
