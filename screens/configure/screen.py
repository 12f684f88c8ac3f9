"""Configure: how the network is trained, with what is wrong about it beside its repair."""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar, Final

from textual import events, on
from textual.binding import Binding, BindingType
from textual.widget import Widget

from kerastui.engine.catalog.catalog import catalog
from kerastui.engine.project.problems import Problem
from kerastui.engine.studio import Studio, Topic
from kerastui.screens.configure import edits
from kerastui.screens.configure.facts import Facts, facts_of, fits
from kerastui.screens.configure.fields import (
    ADD_CALLBACK,
    ADD_METRIC,
    MORE,
    compile_rows,
    fit_rows,
    kind_choices,
    problem_of,
)
from kerastui.screens.configure.panes import ChecksPane, RunPane, SettingsForm
from kerastui.screens.configure.settings import EPOCHS
from kerastui.screens.configure.slots import Slot, next_slot
from kerastui.screens.stage import StageScreen
from kerastui.screens.widgets.choose import Choose
from kerastui.screens.widgets.form import Form, FormRow
from kerastui.screens.widgets.glyphs import glyphs
from kerastui.screens.widgets.ink import Line, Span
from kerastui.screens.widgets.panel import PanelFrame, Tab

PANES: Final = ("compile", "fit", "checks", "run")

COMPILE_ABOUT: Final = (
    "What `Model.compile` takes: the optimizer, for each output its loss and metrics, and how steps are run. "
    "`enter` edits a field, `del` puts it back to its default, `/` finds one by its name."
)
FIT_ABOUT: Final = (
    "What `Model.fit` takes: how long, validated with what, which callbacks, and the seed. "
    "`enter` edits a field, `del` puts it back to its default, `/` finds one by its name."
)


class ConfigureScreen(StageScreen):
    """Show and edit the settings of `compile` and `fit`.

    Args:
        studio: What is open.
    """

    NUMBER = 3
    CSS_PATH = "screen.tcss"
    BINDING_GROUP_TITLE = "configure"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("plus", "add_callback", "callback", key_display="+", id="configure.callback", tooltip="add a callback"),
        Binding("tab", "pane(1)", "pane", id="configure.pane", tooltip="next pane"),
        Binding("f5", "app.train", "train", id="configure.train", tooltip="save and start a run"),
        Binding("shift+tab", "pane(-1)", "pane before", id="configure.pane_before", show=False),
    ]

    def __init__(self, studio: Studio) -> None:
        super().__init__(studio)
        self.HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (100, "-wide"), (160, "-large")]
        self._facts: Facts | None = None
        self._unfolded: set[str] = set()
        self._at = 0

    def compose_body(self) -> Iterable[Widget]:
        """Yield the four panes."""
        yield SettingsForm(COMPILE_ABOUT, self._every_compile, self._reveal, id="compile", classes="pane -shown")
        yield SettingsForm(FIT_ABOUT, self._every_fit, self._reveal, id="fit", classes="pane")
        yield ChecksPane(id="checks", classes="pane")
        yield RunPane(id="run", classes="pane")

    def on_mount(self) -> None:
        """Begin in the first pane."""
        super().on_mount()
        self._forms[0].focus()

    @property
    def _forms(self) -> tuple[SettingsForm, SettingsForm]:
        return self.query_one("#compile", SettingsForm), self.query_one("#fit", SettingsForm)

    # Showing --------------------------------------------------------------------------------------------------------

    def changed(self, topics: frozenset[Topic]) -> None:
        """Show the settings, unless only a run went on."""
        if self.studio.workspace is not None and topics - {"run"}:
            self._show()

    def _show(self) -> None:
        first = self._facts is None
        facts = self._facts = facts_of(self.studio)
        compile_form, fit_form = self._forms
        compile_form.show(compile_rows(facts, self._unfolded))
        fit_form.show(fit_rows(facts, self._unfolded))
        if first:
            # On the first fields, not on their headings.
            compile_form.move_to(Slot("optimizer").key)
            fit_form.move_to(EPOCHS.key)
        fitting = fits(facts)
        self.query_one(ChecksPane).show_checks(facts.problems, fitting)
        self.query_one(RunPane).show_run(facts)
        self._set_titles(facts, len(fitting))

    def _set_titles(self, facts: Facts, fitting: int) -> None:
        """Put titles in the borders, or all four as tabs where one pane is shown at a time."""
        counts = _counts(facts.problems)
        states: tuple[Line, ...] = (
            "model.compile",
            "model.fit",
            [*counts, ("  " if counts else "", ""), (f"{glyphs().ok} {fitting}", "success")],
            "",
        )
        tabs = [Tab(name, counts if name == "checks" else "") for name in PANES]
        narrow = self.has_class("-narrow")
        for index, (name, state) in enumerate(zip(PANES, states, strict=True)):
            pane = self.query_one(f"#{name}", PanelFrame)
            pane.set_titles(name, "" if narrow else state)
            pane.set_tabs(tabs if narrow else (), index)

    def on_resize(self, event: events.Resize) -> None:
        """Change between tabs and panes."""
        if self._facts is not None:
            self.call_after_refresh(self._resized)

    def _resized(self) -> None:
        if self._facts is not None:
            self._set_titles(self._facts, len(fits(self._facts)))

    # Panes ----------------------------------------------------------------------------------------------------------

    def action_pane(self, step: int) -> None:
        """Go to the next pane, or the one before."""
        self._go((self._at + step) % len(PANES))

    def _go(self, index: int) -> None:
        """Show a pane and give it the focus."""
        self._turn_to(index)
        self.query_one(f"#{PANES[index]}").focus()

    def _turn_to(self, index: int) -> None:
        self._at = index
        for place, name in enumerate(PANES):
            self.query_one(f"#{name}").set_class(place == index, "-shown")

    @on(PanelFrame.TabClicked)
    def _tab_clicked(self, event: PanelFrame.TabClicked) -> None:
        event.stop()
        self._go(event.index)

    def on_descendant_focus(self, event: events.DescendantFocus) -> None:
        """Note which pane has the focus."""
        for index, name in enumerate(PANES):
            if self.query_one(f"#{name}").has_focus_within and index != self._at:
                self._turn_to(index)
        self.refresh_bindings()

    def show_subject(self, subject: str) -> None:
        """Put the cursor on the optimizer, a callback, or the loss of an output."""
        callbacks = [spec.class_name for spec in self.studio.project.fit.callbacks]
        if subject in callbacks:
            self._go(1)
            self._forms[1].move_to(Slot("callback", index=callbacks.index(subject)).key)
        else:
            self._go(0)
            self._forms[0].move_to((Slot("optimizer") if subject == "optimizer" else Slot("loss", subject)).key)

    # Problems -------------------------------------------------------------------------------------------------------

    def problem_at_hand(self) -> Problem | None:
        """Return the problem under the cursor, else the first that has a repair."""
        problems = facts.problems if (facts := self._facts) else ()
        name, found = PANES[self._at], None
        if name == "checks":
            found = self.query_one(ChecksPane).problem
        elif name == "compile":
            found = problem_of(problems, self._forms[0].cursor_key or "")
        return found if found and found.repair else super().problem_at_hand()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Leave `+` to a field while it is edited."""
        if action == "add_callback" and self._facts and any(form.editing for form in self._forms):
            return False
        return super().check_action(action, parameters)

    @on(Form.Highlighted)
    @on(ChecksPane.Highlighted)
    def _moved(self) -> None:
        self.refresh_bindings()

    # Editing --------------------------------------------------------------------------------------------------------

    @on(Form.Committed)
    def _committed(self, event: Form.Committed) -> None:
        event.stop()
        self._change(event.form, event.key, event.value)

    @on(Form.Reset)
    def _reset(self, event: Form.Reset) -> None:
        event.stop()
        slot = Slot.of(event.key)
        if slot is not None and slot.kind == "callback" and slot.key == event.key:
            # The callbacks behind it move up.
            self._unfolded = {key for key in self._unfolded if not key.startswith("callback:")}
        self._change(event.form, event.key, None)

    def _change(self, form: Form, key: str, given: str | bool | None) -> bool:
        """Make the edit that a field stands for."""
        steps = self._facts.steps if self._facts else None
        try:
            label, after = edits.change(self.studio.project, key, given, steps)
        except ValueError as error:
            form.refuse(key, str(error))
            return False
        return self.do(label, after)

    @on(Form.Activated)
    def _activated(self, event: Form.Activated) -> None:
        event.stop()
        key = event.key
        if key == ADD_CALLBACK:
            self.action_add_callback()
        elif key.startswith(ADD_METRIC):
            output = key.removeprefix(ADD_METRIC)
            self._add(self._forms[0], next_slot(self.studio.project, "metric", output), f"add a metric to {output}")
        else:
            self._unfolded ^= {key}
            self._show()

    def action_add_callback(self) -> None:
        """Choose a callback and add it."""
        self._add(self._forms[1], next_slot(self.studio.project, "callback"), "add a callback")

    def _add(self, form: SettingsForm, slot: Slot, title: str) -> None:
        """Choose the class of an object and add it; an argument it cannot do without is asked for at once."""

        def chosen(name: str | None) -> None:
            if name is None or not self._change(form, slot.key, name):
                return
            if slot.kind == "callback":
                self._unfolded.add(slot.key)
            self._show()
            self._go(PANES.index("fit" if slot.kind == "callback" else "compile"))
            entry = catalog().get(slot.kind, name)
            missing = [each.name for each in entry.arguments if each.required] if entry else []
            if missing:
                form.edit(f"{slot.key}/{missing[0]}")
            else:
                form.move_to(slot.key)

        self.app.push_screen(Choose(title, kind_choices(slot.kind)), chosen)

    # Fields that stand back -----------------------------------------------------------------------------------------

    def _every_compile(self) -> list[FormRow]:
        """Return the rows of compile with all arguments."""
        owners = {MORE + owner for owner in (Slot("optimizer").key, *self.studio.project.graph.outputs)}
        return compile_rows(facts_of(self.studio), owners)

    def _every_fit(self) -> list[FormRow]:
        """Return the rows of fit with the arguments of all callbacks."""
        callbacks = {Slot("callback", index=at).key for at in range(len(self.studio.project.fit.callbacks))}
        return fit_rows(facts_of(self.studio), callbacks)

    def _reveal(self, key: str) -> None:
        """Show a field and put the cursor on it."""
        form = self._forms[1 if PANES[self._at] == "fit" else 0]
        slot = Slot.of(key)
        if not form.move_to(key) and slot is not None:
            owner = slot.key if slot.kind in ("optimizer", "callback") else slot.output
            self._unfolded.add(owner if slot.kind == "callback" else MORE + owner)
            self._show()
            form.move_to(key)


def _counts(problems: Iterable[Problem]) -> list[Span]:
    """Return how many errors and warnings there are: `✗ 1  ▲ 2`."""
    found = [problem.severity for problem in problems]
    spans: list[Span] = []
    for severity, mark in (("error", glyphs().error), ("warning", glyphs().warning)):
        if number := found.count(severity):  # type: ignore[arg-type]
            spans += [*([("  ", "")] if spans else []), (f"{mark} {number}", severity)]
    return spans
