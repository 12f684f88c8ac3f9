"""How numbers, times, sizes and shapes are written, the same on every screen."""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import datetime

from rich.cells import cell_len, set_cell_size

from kerastui.screens.widgets.glyphs import glyphs

_MINUTE, _HOUR, _DAY = 60, 3_600, 86_400


def _signed(text: str) -> str:
    """Write the minus sign of a number, also in its exponent-free part, as `−`."""
    return glyphs().minus + text[1:] if text.startswith("-") else text


def count(number: int | None) -> str:
    """Write a whole number with commas: `12,480`; `–` for `None`."""
    return glyphs().missing if number is None else _signed(f"{number:,}")


def compact(number: int | None) -> str:
    """Write a count for a narrow place: `850`, `94 k`, `1.2 M`, `3 G`; `–` for `None`."""
    if number is None:
        return glyphs().missing
    size = float(abs(number))
    units = ["", " k", " M", " G", " T"]
    # 999.5 would round to 1000 of this unit: it belongs to the next one.
    while size >= 999.5 and len(units) > 1:
        size /= 1000
        units.pop(0)
    digits = f"{size:.1f}".removesuffix(".0") if units[0] and size < 9.95 else f"{size:.0f}"
    return _signed(("-" if number < 0 else "") + digits + units[0])


def metric(value: float | None, decimals: int = 3) -> str:
    """Write a loss or metric with three decimals: `0.057`; `–` for `None`, `NaN` and `inf` as such."""
    if value is None:
        return glyphs().missing
    if math.isnan(value):
        return "NaN"
    if math.isinf(value):
        return "inf" if value > 0 else glyphs().minus + "inf"
    if abs(value) >= 1e6:
        return _signed(_scientific(value))
    return _signed(f"{value:,.{decimals}f}")


def _scientific(value: float, digits: int = 3) -> str:
    """Write `1.5e-3`: at most three significant digits, no padding in the exponent."""
    mantissa, exponent = f"{value:.{digits - 1}e}".split("e")
    if "." in mantissa:
        mantissa = mantissa.rstrip("0").rstrip(".")
    return f"{mantissa}e{int(exponent)}"


def rate(value: float | None) -> str:
    """Write a learning rate or another small setting: `3e-4`, `1.5e-3`, `0.01`, `0.5`; `–` for `None`."""
    if value is None:
        return glyphs().missing
    if not math.isfinite(value):
        return metric(value)
    if value and (abs(value) < 0.01 or abs(value) >= 1e5):
        return _signed(_scientific(value))
    return _signed(f"{value:.4g}")


def percent(share: float | None, decimals: int = 0) -> str:
    """Write a share of one as a percentage with a blank: `63 %`; `–` for `None`."""
    return glyphs().missing if share is None else _signed(f"{share * 100:.{decimals}f} %")


def duration(seconds: float | None) -> str:
    """Write a length of time: `0:57`, `1:02:45`, `2 d 3 h`; `–` for `None` or an unknown one."""
    if seconds is None or not math.isfinite(seconds):
        return glyphs().missing
    whole = max(0, round(seconds))
    days, hours = divmod(whole // _HOUR, 24)
    minutes, rest = divmod(whole % _HOUR, _MINUTE)
    if days:
        return f"{days} d {hours} h"
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


def age(when: datetime, now: datetime) -> str:
    """Write how long ago something was: `now`, `12 min ago`, `today 09:14`, `yesterday`, `14 Nov`, `14 Nov 2023`.

    Args:
        when: The moment spoken of.
        now: The present moment, in the same time zone.
    """
    seconds = (now - when).total_seconds()
    if seconds < _MINUTE:
        return "now"
    if seconds < _HOUR:
        return f"{int(seconds // _MINUTE)} min ago"
    days = (now.date() - when.date()).days
    if days == 0:
        return f"today {when:%H:%M}"
    if days == 1:
        return "yesterday"
    day = f"{when.day} {when:%b}"
    return day if when.year == now.year else f"{day} {when.year}"


def size(number: int | None) -> str:
    """Write the size of a file in powers of 1,000: `812 B`, `15.2 kB`, `1.2 MB`; `–` for `None`."""
    return _scaled(number, 1000, ("B", "kB", "MB", "GB", "TB"))


def memory(number: int | None) -> str:
    """Write an amount of memory in powers of 1,024: `512 KiB`, `2.4 GiB`; `–` for `None`."""
    return _scaled(number, 1024, ("B", "KiB", "MiB", "GiB", "TiB"))


def operations(number: int | None) -> str:
    """Write a number of floating-point operations: `850 FLOP`, `4.1 kFLOP`, `3.9 GFLOP`; `–` for `None`."""
    return _scaled(number, 1000, ("FLOP", "kFLOP", "MFLOP", "GFLOP", "TFLOP"))


def _scaled(number: int | None, step: int, units: Sequence[str]) -> str:
    """Write a number in the largest unit that keeps at least one whole, one decimal below 100."""
    if number is None:
        return glyphs().missing
    amount, place = float(number), 0
    while amount >= step - 0.5 and place < len(units) - 1:
        amount /= step
        place += 1
    whole = place == 0 or amount >= 100 or amount == round(amount)
    return f"{amount:,.0f} {units[place]}" if whole else f"{amount:.1f} {units[place]}"


def shape(sizes: Sequence[int | None] | None) -> str:
    """Write a shape as Python does, `∅` for an unknown size: `(∅, 64)`; `?` for one not computed yet."""
    if sizes is None:
        return "?"
    parts = [glyphs().unknown if each is None else str(each) for each in sizes]
    return f"({parts[0]},)" if len(parts) == 1 else f"({', '.join(parts)})"


def plural(number: int, one: str, many: str = "") -> str:
    """Write a count with its noun: `1 row`, `344 rows`.

    Args:
        number: How many.
        one: The noun for one.
        many: The noun for several; defaults to `one` with an `s`.
    """
    return f"{count(number)} {one if number == 1 else many or one + 's'}"


def shorten(text: str, width: int) -> str:
    """Cut a text to a number of terminal cells, ending in `…` where something was cut.

    Args:
        text: The text.
        width: Cells it may take.
    """
    if cell_len(text) <= width:
        return text
    mark = glyphs().ellipsis
    if width <= len(mark):
        return mark[: max(0, width)]
    return set_cell_size(text, width - len(mark)).rstrip() + mark
