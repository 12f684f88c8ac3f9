"""How numbers, times, sizes and shapes are written."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from kerastui.screens.widgets import words
from kerastui.screens.widgets.glyphs import ASCII, UNICODE, glyphs, use_ascii

NOW = datetime(2026, 11, 22, 14, 2)


@pytest.fixture
def plain_ascii() -> Iterator[None]:
    use_ascii(True)
    yield
    use_ascii(False)


@pytest.mark.parametrize(
    ("number", "text"), [(0, "0"), (999, "999"), (12480, "12,480"), (-2080, "−2,080"), (None, "–")]
)
def test_count(number: int | None, text: str) -> None:
    assert words.count(number) == text


@pytest.mark.parametrize(
    ("number", "text"),
    [
        (850, "850"),
        (999, "999"),
        (1000, "1 k"),
        (1500, "1.5 k"),
        (9_949, "9.9 k"),
        (9_960, "10 k"),
        (94_123, "94 k"),
        (999_499, "999 k"),
        (999_500, "1 M"),
        (1_200_000, "1.2 M"),
        (3_000_000_000, "3 G"),
        (5_000_000_000_000_000, "5000 T"),
        (-94_000, "−94 k"),
        (None, "–"),
    ],
)
def test_compact(number: int | None, text: str) -> None:
    assert words.compact(number) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.05712, "0.057"),
        (2.3, "2.300"),
        (-0.223, "−0.223"),
        (1234.5, "1,234.500"),
        (4.2e7, "4.2e7"),
        (float("nan"), "NaN"),
        (float("-inf"), "−inf"),
        (None, "–"),
    ],
)
def test_metric(value: float | None, text: str) -> None:
    assert words.metric(value) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [(3e-4, "3e-4"), (0.0015, "1.5e-3"), (0.001, "1e-3"), (0.01, "0.01"), (0.5, "0.5"), (0.0, "0"), (1e6, "1e6")],
)
def test_rate(value: float, text: str) -> None:
    assert words.rate(value) == text


@given(st.floats(min_value=1e-12, max_value=1e12))
def test_a_rate_reads_back_as_the_number_to_three_digits(value: float) -> None:
    assert float(words.rate(value)) == pytest.approx(value, rel=6e-3)


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "0:00"),
        (57, "0:57"),
        (59.6, "1:00"),
        (3599.4, "59:59"),
        (3765, "1:02:45"),
        (2 * 86400 + 3 * 3600 + 5, "2 d 3 h"),
        (-1, "0:00"),
        (float("inf"), "–"),
        (None, "–"),
    ],
)
def test_duration(seconds: float | None, text: str) -> None:
    assert words.duration(seconds) == text


@pytest.mark.parametrize(
    ("when", "text"),
    [
        (datetime(2026, 11, 22, 14, 1, 30), "now"),
        (datetime(2026, 11, 22, 13, 50), "12 min ago"),
        (datetime(2026, 11, 22, 9, 14), "today 09:14"),
        (datetime(2026, 11, 21, 23, 0), "yesterday"),
        (datetime(2026, 11, 14, 9, 0), "14 Nov"),
        (datetime(2024, 1, 2), "2 Jan 2024"),
        (datetime(2026, 11, 22, 15, 0), "now"),
    ],
)
def test_age(when: datetime, text: str) -> None:
    assert words.age(when, NOW) == text


@pytest.mark.parametrize(
    ("number", "text"),
    [(0, "0 B"), (812, "812 B"), (15_200, "15.2 kB"), (1_200_000, "1.2 MB"), (999_999, "1.0 MB"), (None, "–")],
)
def test_size(number: int | None, text: str) -> None:
    assert words.size(number) == text


def test_memory_counts_in_powers_of_two() -> None:
    assert words.memory(512 * 1024) == "512 KiB"
    assert words.memory(int(2.4 * 1024**3)) == "2.4 GiB"


@pytest.mark.parametrize(
    ("sizes", "text"),
    [((None, 64), "(∅, 64)"), ((None,), "(∅,)"), ((344,), "(344,)"), ((None, 8, 8, 1), "(∅, 8, 8, 1)"), (None, "?")],
)
def test_shape(sizes: tuple[int | None, ...] | None, text: str) -> None:
    assert words.shape(sizes) == text


def test_plural_and_percent() -> None:
    assert words.plural(1, "row") == "1 row"
    assert words.plural(12480, "row") == "12,480 rows"
    assert words.plural(2, "class", "classes") == "2 classes"
    assert words.percent(0.632) == "63 %"
    assert words.percent(0.442, 1) == "44.2 %"


@given(st.text(max_size=40), st.integers(min_value=0, max_value=50))
def test_shorten_never_takes_more_cells_than_given(text: str, width: int) -> None:
    short = words.shorten(text, width)
    assert cell_len(short) <= width
    assert short == text or short.endswith("…") or width == 0


@pytest.mark.usefixtures("plain_ascii")
def test_the_ascii_column_is_ascii() -> None:
    assert glyphs() is ASCII
    assert all(value.isascii() for value in msgspec.structs.asdict(ASCII).values())
    assert words.shape((None, 64)) == "(?, 64)"
    assert words.metric(-1.0) == "-1.000"
    assert words.shorten("kernel_initializer", 10) == "kernel_i.."


def test_every_glyph_of_the_unicode_column_is_one_cell_wide() -> None:
    single = {name: value for name, value in msgspec.structs.asdict(UNICODE).items() if name != "bars"}
    assert {name: cell_len(value) for name, value in single.items()} == dict.fromkeys(single, 1)
