"""Read delimited text into columns: encoding and delimiter are found, ragged lines are named."""

from __future__ import annotations

import codecs
import csv
import io
import re
from collections import Counter
from collections.abc import Iterator
from itertools import islice
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kerastui.engine.data.errors import DataError

DELIMITERS = {",": "comma", "\t": "tab", ";": "semicolon", "|": "bar"}
SAMPLE_LINES = 100
"""Records that the delimiter is judged by."""

SAMPLE_CHARACTERS = 65_536
"""Characters that binary content and the decimal sign are judged by."""

MISSING_MARKS = ["?"]
"""What stands for a missing value beside pandas' own list (empty, `NA`, `NaN`, `null`, …): UCI's files use `?`."""


def read_csv(name: str, content: bytes) -> tuple[tuple[str, ...], dict[str, NDArray[Any]]]:
    """Read delimited text with a header line.

    Args:
        name: File name, for messages.
        content: The file's bytes.

    Returns:
        Facts about the format, and the columns by name. Text columns are object arrays with `None` where missing.

    Raises:
        DataError: Binary content, no header, no rows, two columns of one name, a ragged line.
    """
    import pandas as pd  # 0.9 s

    text, encoding = decode(name, content)
    try:
        delimiter = find_delimiter(text)
        names = _header(name, text, delimiter)
        _check_lines(name, text, delimiter, len(names))
        decimal = _decimal_sign(text, delimiter)
        frame = pd.read_csv(
            io.StringIO(text),
            sep=delimiter,
            header=0,
            names=names,
            index_col=False,
            skipinitialspace=True,
            decimal=decimal,
            na_values=MISSING_MARKS,
            low_memory=False,
        )
    except (csv.Error, pd.errors.ParserError) as error:
        reason = str(error).removeprefix("Error tokenizing data. C error: ").strip().rstrip(".")
        raise DataError(f"it cannot be read as a table: {reason}", name, "Check that every quote is closed.") from error
    if frame.empty:
        raise DataError("there is a header but no rows below it", name, "Add rows, or choose another file.")
    kind = "TSV" if delimiter == "\t" else "CSV"
    facts = (kind, DELIMITERS[delimiter], *(("decimal comma",) if decimal == "," else ()), encoding)
    return facts, {column: _values(frame[column]) for column in names}


def decode(name: str, content: bytes) -> tuple[str, str]:
    """Return a file's text and the name of its encoding.

    A byte order mark decides; else UTF-8 if the bytes are valid UTF-8; else Latin-1, which every byte is valid in, so
    that a guess is called a guess.

    Raises:
        DataError: The content is binary.
    """
    binary = DataError("this is not text", name, "Choose a CSV, TSV, NPZ or NPY file.")
    if content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        encodings = ["utf-16"]
    elif b"\0" in content:
        raise binary
    else:
        encodings = ["utf-8-sig" if content.startswith(codecs.BOM_UTF8) else "utf-8"]
    try:
        text, label = content.decode(encodings[0]), encodings[0]
    except UnicodeDecodeError as error:
        text, label = content.decode("latin-1"), "latin-1 (guessed)"
        if re.search(r"[\x00-\x08\x0e-\x1f\x7f]", text[:SAMPLE_CHARACTERS]):
            raise binary from error
    if not text.strip():
        raise DataError("the file is empty", name, "Choose a file with a header line and rows.")
    return text.replace("\r\n", "\n").replace("\r", "\n"), label


def find_delimiter(text: str) -> str:
    """Return the delimiter that splits most of the first lines as it splits the header, comma if none does."""
    best, score = ",", (0, 0)
    for delimiter in DELIMITERS:
        widths = [len(record) for _, record in islice(_records(text, delimiter), SAMPLE_LINES)]
        if widths and widths[0] > 1 and (sum(width == widths[0] for width in widths), widths[0]) > score:
            best, score = delimiter, (sum(width == widths[0] for width in widths), widths[0])
    return best


def _records(text: str, delimiter: str) -> Iterator[tuple[int, list[str]]]:
    """Yield the number of the first line of each record that is not blank, and its fields."""
    reader = csv.reader(io.StringIO(text), delimiter=delimiter, skipinitialspace=True)
    line = 1
    for record in reader:
        if len(record) > 1 or (record and record[0].strip()):
            yield line, record
        line = reader.line_num + 1


def _header(name: str, text: str, delimiter: str) -> list[str]:
    line, record = next(_records(text, delimiter), (1, [""]))
    fields = [field.strip() for field in record]
    if _looks_like_values(fields):
        what = "the first line holds values, not the names of the columns"
        raise DataError(what, f"{name}, line {line}", "Add a line with the names above it.")
    if not any(fields):
        raise DataError("the header has no names", f"{name}, line {line}", "Write the names of the columns there.")
    names = [field or f"column_{position}" for position, field in enumerate(fields, 1)]
    repeated = [field for field, count in Counter(names).items() if count > 1]
    if repeated:
        positions = [str(position) for position, field in enumerate(names, 1) if field == repeated[0]]
        what = f"columns {' and '.join(positions)} are both called `{repeated[0]}`"
        raise DataError(what, f"{name}, line {line}", "Give each column a name of its own.")
    return names


def _looks_like_values(fields: list[str]) -> bool:
    """Tell values from names: a decimal number is no name, whole numbers are names only when they count up."""
    numbers = [field for field in fields if re.fullmatch(r"[-+]?(\d+\.?\d*|\.\d+)(e[-+]?\d+)?", field, re.IGNORECASE)]
    if any(not number.isdigit() for number in numbers):
        return True
    counting = [int(number) for number in numbers]
    return len(numbers) == len(fields) and counting != list(range(counting[0], counting[0] + len(counting)))


def _check_lines(name: str, text: str, delimiter: str, width: int) -> None:
    """Raise for the first record that has not as many fields as the header.

    pandas fills short records with missing values and cuts or shifts long ones, silently in some cases.
    """
    if '"' in text:
        found = ((line, len(record)) for line, record in _records(text, delimiter))
    else:  # counting delimiters takes a tenth of the time: 20 ms for 100,000 lines of 20 fields
        lines = enumerate(text.split("\n"), 1)
        found = ((number, line.count(delimiter) + 1) for number, line in lines if line.strip(" "))
    for line, count in found:
        if count != width:
            values = "1 value" if count == 1 else f"{count} values"
            what = f"{values} where the header has {width} column{'s' if width > 1 else ''}"
            hint = f"Correct that line; text that holds a {DELIMITERS[delimiter]} needs double quotes around it."
            raise DataError(what, f"{name}, line {line}", hint)


def _decimal_sign(text: str, delimiter: str) -> str:
    """Return `","` where numbers are written as 3,14, which needs another delimiter than the comma."""
    if delimiter == ",":
        return "."
    edge = re.escape(delimiter)
    start = text[:SAMPLE_CHARACTERS]
    comma = re.search(rf"(?:^|{edge}) *-?\d+,\d+ *(?:{edge}|$)", start, re.MULTILINE)
    point = re.search(rf"(?:^|{edge}) *-?\d+\.\d+ *(?:{edge}|$)", start, re.MULTILINE)
    return "," if comma and not point else "."


def _values(series: Any) -> NDArray[Any]:
    """Return a column's values: numbers and booleans as they are, everything else as text.

    Args:
        series: A pandas `Series`; annotating it would import pandas.
    """
    if series.dtype.kind in "biuf":
        values: NDArray[Any] = series.to_numpy(copy=True)
        return values
    text = np.empty(len(series), object)
    text[:] = [
        None if missing else str(value)
        for value, missing in zip(series.to_list(), series.isna().to_list(), strict=True)
    ]
    return text
