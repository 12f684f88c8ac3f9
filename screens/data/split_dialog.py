"""The pop-up that divides the rows: shares, seed, stratification; each change is an edit at once."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from msgspec.structs import replace
from textual import on
from textual.app import ComposeResult

from kerastui.engine.data.split import part_sizes
from kerastui.engine.project.document import Split
from kerastui.screens.widgets.dialog import Box, Dialog
from kerastui.screens.widgets.form import Field, Form, Note, Rule
from kerastui.screens.widgets.words import count, percent

DEFAULT = Split()


class SplitDialog(Dialog[None]):
    """Edit the split.

    Args:
        split: The split as it is.
        rows: Rows there are to divide.
        apply: Takes another split; returns why it cannot be, `""` if it is done.
    """

    DEFAULT_CSS = """
    SplitDialog Box { height: 11; padding: 0; }
    SplitDialog Form, SplitDialog FormLines { background: $raised; }
    """

    def __init__(self, split: Split, rows: int, apply: Callable[[Split], str]) -> None:
        super().__init__()
        self._split, self._rows, self._apply = split, rows, apply

    def compose(self) -> ComposeResult:
        """Lay out the form."""
        with Box() as box:
            keys = (("enter", "primary bold"), (" edit  ", "muted"), ("esc", "primary bold"), (" close", "muted"))
            box.set_titles("split", bottom_right=keys)
            yield Form(16, classes="-bare")

    def on_mount(self) -> None:
        """Show the split."""
        self._show()
        self.query_one(Form).focus()

    def _show(self) -> None:
        split = self._split
        train, validation, test = part_sizes(self._rows, split)
        sizes = (("train ", "train"), (count(train), "text"), ("   val ", "val"), (count(validation), "text"))
        tested = (("   test ", "curve-4"), (count(test), "text")) if test else ()
        self.query_one(Form).show(
            [
                _share("validation", split.validation, DEFAULT.validation, "watched while training"),
                _share("test", split.test, DEFAULT.test, "kept aside for the end"),
                Field(
                    "seed",
                    "seed",
                    str(split.seed),
                    changed=split.seed != DEFAULT.seed,
                    aside="same seed, same parts",
                    help="Seed of the shuffle. The same seed gives the same parts.",
                ),
                Field(
                    "stratify",
                    "stratify",
                    kind="switch",
                    on=split.stratify,
                    changed=split.stratify != DEFAULT.stratify,
                    aside="class shares alike in all parts",
                    help="Keep the shares of the classes of the first target alike in all parts.",
                ),
                Rule(),
                Note((*sizes, *tested)),
            ]
        )

    @on(Form.Committed)
    def _committed(self, event: Form.Committed) -> None:
        event.stop()
        try:
            value = _value(event.key, event.value)
        except ValueError as error:
            event.form.refuse(event.key, str(error))
            return
        self._take(event.form, event.key, value)

    @on(Form.Reset)
    def _reset(self, event: Form.Reset) -> None:
        event.stop()
        self._take(event.form, event.key, getattr(DEFAULT, event.key))

    def _take(self, form: Form, key: str, value: Any) -> None:
        changed = replace(self._split, **{key: value})
        refusal = self._apply(changed)
        if refusal:
            form.refuse(key, refusal)
        else:
            self._split = changed
            self._show()


def _share(key: str, value: float, default: float, aside: str) -> Field:
    shown = f"{value * 100:g}"
    help_text = "Share of the rows: `20`, `20 %` and `0.2` are the same. 0 leaves the part out."
    return Field(
        key,
        key,
        percent(value, 0 if float(shown).is_integer() else 1),
        raw=shown,
        changed=value != default,
        aside=aside,
        help=help_text,
    )


def _value(key: str, text: str | bool) -> Any:
    """Return the value that was entered.

    Raises:
        ValueError: It is none; the message says what was expected.
    """
    if isinstance(text, bool):
        return text
    if key == "seed":
        if not text.strip().isdigit():
            raise ValueError("a whole number from 0 on")
        return int(text)
    try:
        number = float(text.replace("%", "").strip())
    except ValueError:
        raise ValueError("a share of the rows, say 20 % or 0.2") from None
    share = number / 100 if "%" in text or number >= 1 else number
    if not 0 <= share < 1:
        raise ValueError("a share from 0 to below 100 %")
    return round(share, 6)
