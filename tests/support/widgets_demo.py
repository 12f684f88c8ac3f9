"""A small app that shows the shared widgets, for their tests and for looking at them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, ClassVar, TypeVar

from textual.app import App, ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal
from textual.message import Message

import kerastui.themes
from kerastui import themes
from kerastui.screens.widgets.choose import Choice
from kerastui.screens.widgets.footer import Footer
from kerastui.screens.widgets.form import Field, Form, FormRow, Heading, Note, Rule
from kerastui.screens.widgets.header import Chip, Header, HeaderView, Stage
from kerastui.screens.widgets.ink import key_tag
from kerastui.screens.widgets.panel import Tab
from kerastui.screens.widgets.rows import Column, Row, Rows

BASE_CSS = Path(kerastui.themes.__file__).with_name("base.tcss")

VIEW = HeaderView(
    "two-view",
    unsaved=True,
    stages=(
        Stage(1, "Data", "ok"),
        Stage(2, "Build", "error"),
        Stage(3, "Configure", "warning"),
        Stage(4, "Train"),
        Stage(5, "Evaluate"),
        Stage(6, "Runs"),
    ),
    active=2,
    chip=Chip("ready", "ready", "· TF 2.21 · 2×CPU"),
)

PALETTE = [
    Row("core", ("core", "4"), kind="group"),
    *[Row(name, (name, key), group="core", depth=1) for name, key in (("Dense", "d"), ("Embedding", ""))],
    Row("convolution", ("convolution", "2"), kind="group"),
    *[Row(name, (name, key), group="convolution", depth=1) for name, key in (("Conv2D", "c"), ("Conv1D", ""))],
    Row("pooling", ("pooling", "12"), kind="group"),
    Row("MaxPooling2D", ("MaxPooling2D", ""), group="pooling", depth=1),
]

ACTIVATIONS = tuple(
    Choice(name, summary=f"the {name} function", help=f"### {name}\n\nHelp of `{name}`.")
    for name in ("elu", "gelu", "relu", "selu", "sigmoid", "softmax", "tanh")
)

FIELDS: list[FormRow] = [
    Field("name", "name", "project", changed=True, help="Name of the layer."),
    Field("units", "units", "32", changed=True, help="Width of the output."),
    Field("activation", "activation", "relu", kind="choice", changed=True, choices=ACTIVATIONS),
    Field("use_bias", "use_bias", kind="switch", on=True),
    Heading("initializers", "initializers"),
    Field("kernel", "kernel", "he_normal", kind="choice", changed=True, choices=ACTIVATIONS),
    Field("bias", "bias", "zeros", kind="choice", choices=ACTIVATIONS),
    Heading("constraints", "constraints", "none"),
    Field("kernel_constraint", "kernel", "none", kind="choice", choices=ACTIVATIONS),
    Rule(),
    Note((("in   ", ""), ("(∅, 64)", "text"), ("  float32", ""))),
    Note((("out  ", ""), ("(∅, 32)", "text"), ("  float32", ""))),
]

WIDE_FIELDS: list[FormRow] = [
    Heading("outputs", "outputs", "1"),
    Note((("digit", "text bold"), ("  (∅, 10)  ends in softmax", "muted")), indent=1),
    Field("loss", "loss", "SparseCategoricalCrossentropy", kind="choice", changed=True, indent=2),
    Field(
        "from_logits",
        "from_logits",
        kind="switch",
        on=True,
        indent=2,
        changed=True,
        problem="softmax already",
        severity="warning",
        repair="turn off",
    ),
    Field("weight", "loss_weight", "1.0", indent=2),
    Field("steps", "decay_steps", "2,580", raw="2580", changed=True, indent=1, aside="= 60 epochs"),
    Field("jit", "jit_compile", "auto", kind="choice", indent=1, aside="measured"),
    Field("deterministic", "deterministic", kind="switch", on=True, indent=1, aside="same seed, same curve"),
    Field("epochs", "epochs", "x", indent=1, changed=True, problem="not a number"),
    Field("callback", "EarlyStopping", "val_loss · patience 10 · best", kind="action", indent=1),
]

PROBLEMS = [
    Row(
        "add",
        (
            (("✗", "error"),),
            (("add", "text bold"),),
            "cannot add (∅, 48) and (∅, 64): the last axes differ",
            key_tag("f", "set encoder/out units 48 → 64", "success"),
        ),
    ),
    Row(
        "digit",
        (
            (("▲", "warning"),),
            (("digit", "text bold"),),
            "softmax output; the loss has from_logits=True",
            key_tag("f", "set from_logits=False", "success"),
        ),
    ),
    Row("waits", ("·", "", (("digit waits for add: no shape yet", "muted"),), "")),
]


class GraphRows(Rows):
    """A list with more keys than the footer has room for."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("a", "note('add')", "add"),
        Binding("c", "note('connect')", "connect"),
        Binding("i", "note('insert')", "insert"),
        Binding("y", "hidden", "hidden"),
        Binding("m", "note('move')", "move"),
        Binding("f", "note('repair')", "repair"),
        Binding("e", "note('edit')", "edit", show=False),
        Binding("z", "note('zoom')", "zoom"),
        Binding("D", "note('double')", "double"),
        Binding("x", "note('cut')", "cut"),
    ]

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        return None if action == "hidden" else super().check_action(action, parameters)

    def action_note(self, word: str) -> None:
        assert isinstance(self.app, WidgetsDemo)
        self.app.noted.append(word)

    def action_hidden(self) -> None:
        self.action_note("hidden")


class WidgetsDemo(App[None]):
    """Header, three panes, problems and footer, as on Build."""

    CSS_PATH = BASE_CSS
    CSS = """
    #palette { width: 22; }
    #side { width: 31; }
    #bottom { height: 5; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [Binding("question_mark", "note", "keys", show=False)]

    def __init__(self, theme: str = "kerastui-dark") -> None:
        super().__init__()
        self.noted: list[object] = []
        themes.install(self, theme)

    def compose(self) -> ComposeResult:
        yield Header()
        with Horizontal():
            yield Rows((Column(flex=True), Column(align="right", words="primary")), folded=("pooling",), id="palette")
            yield Form(24, id="wide")
            yield Form(13, id="side")
        yield GraphRows(
            (Column(gap=1), Column(), Column(flex=True), Column(align="right")),
            keep_cursor=True,
            id="bottom",
        )
        yield Footer()

    def on_mount(self) -> None:
        self.query_one(Header).show(VIEW)
        self.query_one("#palette", Rows).show(PALETTE)
        self.query_one("#palette", Rows).set_titles("Layers", "148")
        side, wide = self.query_one("#side", Form), self.query_one("#wide", Form)
        side.show(FIELDS)
        side.set_titles((("≡ ", "accent"), ("project", "text")), "Dense", "2,080 params · 4.1 kFLOP")
        wide.show(WIDE_FIELDS)
        counts = (("✗ 1", "error"), ("  ", ""), ("▲ 1", "warning"))
        wide.set_titles("two-view", "zoom card", "7 layers · 9,360 params · 22.5 kFLOP", counts)
        bottom = self.query_one("#bottom", Rows)
        bottom.show(PROBLEMS)
        asides = (("✗ 1", "error"), (" ", ""), ("▲ 1", "warning"))
        bottom.set_tabs([Tab("Problems", asides), Tab("Summary"), Tab("Code"), Tab("Outline")])
        wide.focus()


def light() -> WidgetsDemo:
    """Return the app in the light theme, for pictures."""
    return WidgetsDemo("kerastui-light")


M = TypeVar("M", bound=Message)


def posted(seen: Sequence[Message], kind: type[M]) -> list[M]:
    """Return the messages of one kind, each once: a message hook sees a message again wherever it bubbles to."""
    return list({id(message): message for message in seen if type(message) is kind}.values())


def drawn(app: App[Any]) -> list[str]:
    """Return what is on the screen, line by line, as the terminal would show it."""
    width, height = app.size
    strips = app.screen._compositor.render_strips(app.size)
    lines = ["".join(segment.text for segment in strip) for strip in strips]
    assert len(lines) == height
    assert all(len(line) <= width for line in lines)
    return lines
