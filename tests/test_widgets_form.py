"""Forms edited by real keys: enter, cancel, refuse, reset, toggle, choose, fold, find."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

import pytest
from msgspec.structs import replace
from textual import on
from textual.app import App, ComposeResult
from textual.binding import Binding, BindingType
from widgets_demo import FIELDS, WIDE_FIELDS, drawn

from kerastui import themes
from kerastui.screens.widgets.choose import Choose
from kerastui.screens.widgets.form import Field, Form, FormRow, Heading
from kerastui.screens.widgets.form_lines import FormLines
from kerastui.screens.widgets.helpable import Helpable, find_help
from kerastui.screens.widgets.live_keys import live_keys
from kerastui.screens.widgets.modals import Prompt


class FormApp(App[None]):
    """One form whose owner keeps the values, and refuses what is no number."""

    CSS = "Form { width: 31; }"
    BINDINGS: ClassVar[list[BindingType]] = [Binding("a", "letter", "add"), Binding("f", "letter", "repair")]

    def __init__(self, fields: Sequence[FormRow] = tuple(FIELDS), value_column: int = 13) -> None:
        super().__init__()
        themes.install(self)
        self.fields = list(fields)
        self.form = Form(value_column)
        self.said: list[tuple[str, object]] = []

    def compose(self) -> ComposeResult:
        yield self.form

    def on_mount(self) -> None:
        self.form.show(self.fields)
        self.form.focus()

    def change(self, key: str, **changes: object) -> None:
        self.fields = [
            replace(row, **changes) if isinstance(row, Field) and row.key == key else row for row in self.fields
        ]
        self.form.show(self.fields)

    @on(Form.Committed)
    def _committed(self, event: Form.Committed) -> None:
        self.said.append((event.key, event.value))
        if event.key == "units" and not str(event.value).isdigit():
            self.form.refuse("units", "a whole number from 1")
        elif isinstance(event.value, bool):
            self.change(event.key, on=event.value, changed=True)
        else:
            self.change(event.key, value=event.value, changed=True)

    @on(Form.Reset)
    def _reset(self, event: Form.Reset) -> None:
        self.said.append((event.key, None))

    @on(Form.Activated)
    def _activated(self, event: Form.Activated) -> None:
        self.said.append((event.key, "activated"))

    def action_letter(self) -> None:
        self.said.append(("letter", None))


def inside(form: Form) -> list[str]:
    lines = form.query_one(FormLines)
    return [lines.render_line(y).text.rstrip() for y in range(lines.size.height)]


async def test_what_a_form_draws() -> None:
    app = FormApp()
    async with app.run_test(size=(60, 40)) as pilot:
        await pilot.pause()
        assert inside(app.form)[:16] == [
            "",
            "▌name         project",
            "▎units        32",
            "▎activation   relu        ▾",
            " use_bias    [x]",
            "",
            " ▾ initializers",
            "▎kernel       he_normal   ▾",
            " bias         zeros       ▾",
            "",
            " ▾ constraints  none",
            " kernel       none        ▾",
            "",
            " " + "─" * 27,
            " in   (∅, 64)  float32",
            " out  (∅, 32)  float32",
        ]


async def test_blank_rows_go_where_there_is_no_room() -> None:
    app = FormApp()
    async with app.run_test(size=(60, 15)) as pilot:
        await pilot.pause()
        assert inside(app.form)[0].startswith("▌name")
        assert "" not in inside(app.form)[:10]


async def test_problem_repair_and_aside_stand_beside_the_value() -> None:
    app = FormApp(WIDE_FIELDS, 24)
    async with app.run_test(size=(120, 40)) as pilot:
        app.form.styles.width = 66
        await pilot.pause()
        lines = {line.strip("▎▌ ").split()[0]: line for line in inside(app.form) if line.strip()}
        assert lines["decay_steps"].endswith("= 60 epochs")
        assert lines["deterministic"].endswith("[x]   same seed, same curve")
        assert lines["epochs"].endswith("x ✗ not a number")
        assert lines["jit_compile"].endswith("measured ▾")
        assert "[x] ▲ softmax already" in lines["from_logits"]
        assert lines["from_logits"].endswith(" f  turn off")


async def test_text_is_edited_over_the_value_and_committed() -> None:
    app = FormApp()
    async with app.run_test(size=(60, 40)) as pilot:
        await pilot.press("j", "enter")
        assert app.form.editing
        row = app.form.region.y + 1 + 2
        assert drawn(app)[row][:18] == "│▌units        32 "
        await pilot.press("3", "4", "enter")
        await pilot.pause()
        assert app.said == [("units", "34")]
        assert not app.form.editing
        assert app.form.cursor_key == "units"
        assert app.focused is app.form.query_one(FormLines)
        assert inside(app.form)[2].endswith("34")


async def test_letters_are_text_while_editing_and_keys_before_and_after() -> None:
    app = FormApp()
    async with app.run_test(size=(60, 40)) as pilot:
        await pilot.press("a", "enter", "a", "f", "j", "question_mark", "escape", "f")
        await pilot.pause()
        assert app.said == [("letter", None), ("letter", None)]
        assert app.form.cursor_key == "name"
        assert inside(app.form)[1].endswith("project"), "esc leaves the value as it was"


async def test_a_refused_text_stays_with_the_reason() -> None:
    app = FormApp()
    async with app.run_test(size=(60, 40)) as pilot:
        await pilot.press("j", "enter", "end", "x", "enter")
        await pilot.pause()
        assert app.said == [("units", "32x")]
        assert app.form.editing
        screen = "\n".join(drawn(app))
        assert "32x" in screen
        assert "a whole number from 1" in screen
        await pilot.press("backspace")
        await pilot.pause()
        assert "a whole number" not in "\n".join(drawn(app)), "the reason goes with the text it was about"
        await pilot.press("enter")
        await pilot.pause()
        assert app.said[-1] == ("units", "32")
        assert not app.form.editing


async def test_the_editor_starts_with_the_raw_text() -> None:
    app = FormApp([Field("steps", "decay_steps", "2,580", raw="2580")])
    async with app.run_test(size=(60, 20)) as pilot:
        await pilot.press("enter", "enter")
        await pilot.pause()
        assert app.said == [("steps", "2580")]


@pytest.mark.parametrize("key", ["enter", "space"])
async def test_a_switch_toggles(key: str) -> None:
    app = FormApp()
    async with app.run_test(size=(60, 40)) as pilot:
        app.form.move_to("use_bias")
        assert {"toggle"} == {each.words for each in live_keys(app.screen) if each.key in ("enter", "space")}
        await pilot.press(key)
        await pilot.pause()
        await pilot.press(key)
        await pilot.pause()
        assert app.said == [("use_bias", False), ("use_bias", True)]


@pytest.mark.parametrize("key", ["delete", "backspace"])
async def test_only_a_changed_field_goes_back_to_its_default(key: str) -> None:
    app = FormApp()
    async with app.run_test(size=(60, 40)) as pilot:
        app.form.move_to("bias")
        await pilot.press(key)
        app.form.move_to("kernel")
        await pilot.press(key)
        await pilot.pause()
        assert app.said == [("kernel", None)]


async def test_a_choice_is_made_in_a_pop_up() -> None:
    app = FormApp()
    async with app.run_test(size=(100, 40)) as pilot:
        await pilot.press("j", "j", "enter")
        await pilot.pause()
        assert isinstance(app.screen, Choose)
        await pilot.press(*"soft", "enter")
        await pilot.pause()
        assert app.said == [("activation", "softmax")]
        await pilot.press("enter")
        await pilot.pause()
        await pilot.press("escape")
        await pilot.pause()
        assert app.said == [("activation", "softmax")]
        assert app.form.cursor_key == "activation"


async def test_an_action_row_is_activated() -> None:
    app = FormApp([Field("add", "+ add a callback", kind="action"), Field("gpu", "device", "CPU:0", kind="readonly")])
    async with app.run_test(size=(60, 20)) as pilot:
        await pilot.press("enter", "j", "enter", "space")
        await pilot.pause()
        assert app.said == [("add", "activated")]
        assert not app.form.editing


async def test_headings_fold_their_fields() -> None:
    app = FormApp()
    async with app.run_test(size=(60, 40)) as pilot:
        app.form.move_to("bias")
        await pilot.press("h")
        assert app.form.cursor_key == "initializers"
        assert " ▸ initializers" in [line.replace("▌", " ") for line in inside(app.form)]
        assert not any("zeros" in line for line in inside(app.form))
        assert any("(∅, 64)" in line for line in inside(app.form)), "what follows a rule stays"
        assert {"fold or unfold"} == {key.words for key in live_keys(app.screen) if key.key in ("enter", "space")}
        for key, shown in (("enter", True), ("space", False)):
            await pilot.press(key)
            assert any("zeros" in line for line in inside(app.form)) is shown
        await pilot.press("j")
        assert app.form.cursor_key == "constraints"
        assert app.form.move_to("bias"), "going to a hidden field opens its heading"
        assert any("zeros" in line for line in inside(app.form))


async def test_finding_a_field() -> None:
    app = FormApp()
    async with app.run_test(size=(60, 40)) as pilot:
        await pilot.press("slash")
        await pilot.pause()
        assert isinstance(app.screen, Prompt)
        await pilot.press(*"KERN", "enter")
        await pilot.pause()
        assert app.form.cursor_key == "kernel"
        await pilot.press("slash", *"kern", "enter")
        await pilot.pause()
        assert app.form.cursor_key == "kernel_constraint", "the next one after the cursor"


async def test_showing_again_keeps_cursor_and_the_text_being_edited() -> None:
    app = FormApp()
    async with app.run_test(size=(60, 40)) as pilot:
        await pilot.press("j", "enter", "end", "8")
        app.fields.insert(0, Field("first", "first", "1"))
        app.form.show(app.fields)
        await pilot.pause()
        assert app.form.editing
        await pilot.press("enter")
        await pilot.pause()
        assert app.said == [("units", "328")]
        await pilot.press("enter", "9")
        app.form.show([Heading("other", "other"), Field("else", "else", "1")])
        await pilot.pause()
        assert not app.form.editing, "the field that was edited is gone"
        assert app.focused is app.form.query_one(FormLines)


async def test_the_mouse_opens_a_value_and_leaving_cancels() -> None:
    app = FormApp()
    async with app.run_test(size=(60, 40)) as pilot:
        lines = app.form.query_one(FormLines)
        await pilot.click(lines, offset=(3, 4))
        assert app.form.cursor_key == "use_bias"
        assert app.said == []
        await pilot.click(lines, offset=(16, 2))
        assert app.form.editing
        await pilot.click(lines, offset=(3, 4))
        await pilot.pause()
        assert not app.form.editing
        assert app.said == []
        await pilot.click(lines, offset=(14, 4))
        await pilot.pause()
        assert app.said == [("use_bias", False)]


async def test_help_of_the_field_with_the_cursor() -> None:
    app = FormApp()
    async with app.run_test(size=(60, 40)):
        app.form.move_to("units")
        assert app.form.help_for("units") == "Width of the output."
        assert isinstance(app.form, Helpable)
        found = find_help(app.screen)
        assert found is not None
        assert (found.help_title, found.help_markdown) == ("units", "Width of the output.")
