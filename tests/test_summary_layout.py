"""The layout of summaries and drawings: nesting, several inputs and outputs, wide names, terminals, bad arguments."""

import io
import sys
from typing import Any

import keras
import pytest
from rich.cells import cell_len
from rich.console import Console

from kerastui.engine import Input, Model, Sequential
from kerastui.engine.models.summary_rows import Total

Dense = keras.layers.Dense

NESTED = """\
Model: "s"
_________________________________________________________________
 Layer (type)                Output Shape              Param #
=================================================================
 dense_of_some_length (Dens  (None, 3)                 15
 e)

 inner (Sequential)          (None, 2)                 20
|¯¯¯¯¯¯¯¯¯¯¯¯¯¯¯¯¯¯¯¯¯¯¯¯¯¯¯¯¯¯¯¯¯¯¯¯¯¯¯¯¯¯¯¯¯¯¯¯¯¯¯¯¯¯¯¯¯¯¯¯¯¯¯|
| in1 (Dense)                (None, 2)                 8        |
|                                                               |
| deeper (Sequential)        (None, 2)                 6        |
||¯¯¯¯¯¯¯¯¯¯¯¯¯¯¯¯¯¯¯¯¯¯¯¯¯¯¯¯¯¯¯¯¯¯¯¯¯¯¯¯¯¯¯¯¯¯¯¯¯¯¯¯¯¯¯¯¯¯¯¯¯||
|| deep (Dense)              (None, 2)                 6       ||
|¯¯¯¯¯¯¯¯¯¯¯¯¯¯¯¯¯¯¯¯¯¯¯¯¯¯¯¯¯¯¯¯¯¯¯¯¯¯¯¯¯¯¯¯¯¯¯¯¯¯¯¯¯¯¯¯¯¯¯¯¯¯¯|
| in2 (Dense)                (None, 2)                 6        |
¯¯¯¯¯¯¯¯¯¯¯¯¯¯¯¯¯¯¯¯¯¯¯¯¯¯¯¯¯¯¯¯¯¯¯¯¯¯¯¯¯¯¯¯¯¯¯¯¯¯¯¯¯¯¯¯¯¯¯¯¯¯¯¯¯
=================================================================
Total params: 35 (140.00 Byte)
Trainable params: 35 (140.00 Byte)
Non-trainable params: 0 (0.00 Byte)
_________________________________________________________________"""

BRANCHES = """\
  ╭──────────────────────────╮
  │ image · InputLayer       │
  │ [(None, 3)]              │
╭─┴────────────┬─────────────╯
│              ▼
│ ╭──────────────────────────╮
│ │ left · Dense             │
│ │ (None, 3)  12 parameters │
│ ╰────────────┬─────────────╯
│              ▼
│ ╭──────────────────────────╮
╰▶│ sum · Add                │
  │ (None, 3)  output        │
  ╰──────────────────────────╯"""


def nested() -> Any:
    deeper = Sequential([Input((2,)), Dense(2, name="deep")], name="deeper")
    inner = Sequential([Input((3,)), Dense(2, name="in1"), deeper, Dense(2, name="in2")], name="inner")
    return Sequential([Input((4,)), Dense(3, name="dense_of_some_length"), inner], name="s")


def branches() -> Any:
    image = Input((3,), name="image")
    return Model(image, keras.layers.Add(name="sum")([image, Dense(3, name="left")(image)]), name="net")


def stripped(text: str) -> str:
    return "\n".join(line.rstrip() for line in text.split("\n"))


class Subclass(Model):
    """A model that is no graph, with a layer that it never calls."""

    def __init__(self) -> None:
        super().__init__(name="subclass")
        self.used = Dense(3, name="used")
        self.unused = Dense(3, name="unused")

    def call(self, inputs: Any) -> Any:
        return self.used(inputs)


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def shown_on_a_terminal(monkeypatch: pytest.MonkeyPatch, model: Any, columns: int, **options: Any) -> str:
    terminal = Terminal()
    monkeypatch.setattr(sys, "stdout", terminal)
    monkeypatch.setenv("COLUMNS", str(columns))
    monkeypatch.setenv("TERM", "xterm-256color")
    model.summary(**options)
    return terminal.getvalue()


def test_nested_models_stand_between_bars_one_for_each_level() -> None:
    assert stripped(nested().summary_text(expand_nested=True)) == NESTED


def test_several_outputs_stand_below_each_other() -> None:
    x = Input((3, 4), name="x")
    lines = Model(x, keras.layers.LSTM(2, return_state=True, name="l")(x)).summary_text().split("\n")
    assert [line.rstrip() for line in lines[6:9]] == [
        " l (LSTM)                    [(None, 2),               56",
        "                              (None, 2),",
        "                              (None, 2)]",
    ]


def test_outputs_by_name_and_operations_between_layers_are_shown() -> None:
    i, j = Input((4,), name="i"), Input((4,), name="j")
    pair = Model(i, {"p": Dense(2)(i), "q": Dense(3)(i)}, name="pair")
    out = pair(j)
    doubled = keras.layers.Rescaling(2, name="doubled")(out["p"])
    text = Model(j, keras.ops.multiply(doubled, out["p"]), name="net").summary_text()
    assert "{'p': (None, 2),  " in text
    assert "'q': (None, 3)}  " in text
    assert "(Multiply)" in text
    assert "'pair[0][0]'" in text


def test_a_layer_called_on_several_shapes_has_multiple() -> None:
    a, b, flat = Input((3, 4)), Input((5, 4)), keras.layers.GlobalMaxPooling1D(name="pool")
    shared = Dense(2, name="shared")
    text = Model([a, b], keras.layers.Add()([flat(shared(a)), flat(shared(b))])).summary_text()
    rows = {line.split()[0]: line for line in text.split("\n") if "(" in line}
    assert " multiple " in rows["shared"]
    assert " (None, 2) " in rows["pool"]


def test_a_subclass_lists_its_layers_and_says_which_have_no_weights() -> None:
    model = Subclass()
    model(keras.ops.zeros((2, 4)))
    lines = [line.split() for line in model.summary_text().split("\n")]
    assert ["used", "(Dense)", "(2,", "3)", "15"] in lines
    assert ["unused", "(Dense)", "?", "0", "(unused)"] in lines


def test_shared_weights_count_once_and_sizes_follow_the_dtype() -> None:
    layer = Dense(4, dtype="float16", name="d")
    row = Input((4,))
    text = Model(row, layer(layer(row))).summary_text()
    assert "Total params: 20 (40.00 Byte)" in text


@pytest.mark.parametrize(
    ("size", "shown"),
    [(0, "0.00 Byte"), (1023, "1023.00 Byte"), (1024, "1.00 KB"), (1536 * 1024, "1.50 MB"), (2**62, "4096.00 PB")],
)
def test_sizes_are_written_for_people(size: int, shown: str) -> None:
    assert Total("", 0, size).memory == shown


def test_columns_line_up_under_wide_names() -> None:
    model = Sequential([Input((4,)), Dense(3, name="隠れ層の名前がとても長い場合の折り返し"), Dense(2, name="é́")])
    lines = model.summary_text().split("\n")
    assert {cell_len(line) for line in lines[1:-4]} == {65}
    assert (
        "".join(line[: line.index("  ")].strip() for line in lines[4:6])
        == "隠れ層の名前がとても長い場合の折り返し (Dense)"
    )


@pytest.mark.parametrize("width", [1, 20, 40])
def test_a_line_too_short_for_its_columns_still_shows_everything(width: int) -> None:
    text = branches().summary_text(line_length=width)
    assert "Total params: 12 (48.00 Byte)" in text


def test_three_hundred_layers_are_all_listed() -> None:
    row = x = Input((2,), name="row")
    for number in range(300):
        x = Dense(2, name=f"d{number}")(x)
    model = Model(row, keras.layers.Add(name="end")([x, row]))
    text = model.summary_text()
    assert text.count("(Dense)") == 300
    assert "'d299[0][0]'" in text
    drawn = model.plot_text().split("\n")
    assert sum("· Dense" in line for line in drawn) == 300
    assert max(map(len, drawn)) <= 80


@pytest.mark.parametrize("value", [0, -1, 2.5, True, "80"])
def test_a_line_length_that_is_no_width_is_refused(value: Any) -> None:
    with pytest.raises(ValueError, match=r"`line_length` must be .* Received: line_length="):
        branches().summary(line_length=value)


@pytest.mark.parametrize("value", [[0.5, 1.0], [], [0.5, 0.4, 0.8, 1.0], [0, 0.5, 0.8, 1.0], ["a", "b", "c", "d"]])
def test_positions_that_do_not_rise_or_do_not_suffice_are_refused(value: Any) -> None:
    with pytest.raises(ValueError, match=r"`positions` must be 4 or more rising numbers.* Received: positions="):
        branches().summary(positions=value)


@pytest.mark.parametrize("value", ["ab", ("a",), ("a", "b", "c"), (0, 1)])
def test_a_layer_range_that_is_not_two_texts_is_refused(value: Any) -> None:
    with pytest.raises(ValueError, match=r"`layer_range` must be two texts.* Received: layer_range="):
        branches().summary(layer_range=value)


def test_a_terminal_gets_a_table_as_wide_as_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    text = shown_on_a_terminal(monkeypatch, nested(), 60, expand_nested=True, show_trainable=True)
    assert "\x1b[3" not in text  # no colours
    plain = Console(file=io.StringIO(), width=60, color_system=None)
    plain.print(nested().summary_rich(expand_nested=True, show_trainable=True))
    without = "".join(part.partition("m")[2] if at else part for at, part in enumerate(text.split("\x1b[")))
    assert without == plain.file.getvalue()  # type: ignore[attr-defined]
    assert max(map(cell_len, without.split("\n"))) <= 60
    for said in ("Trainable", "│     deep (Dense)", "Total params: 35 (140.00 Byte)", 'Model: "s"'):
        assert said in without


def test_a_terminal_gets_colours_and_a_line_length_gets_plain_lines(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NO_COLOR", raising=False)
    assert "\x1b[36m" in shown_on_a_terminal(monkeypatch, branches(), 80)
    assert "left[0][0]" in shown_on_a_terminal(monkeypatch, branches(), 80)
    plain = shown_on_a_terminal(monkeypatch, branches(), 80, line_length=70)
    assert plain == branches().summary_text(line_length=70) + "\n"


def test_markup_in_names_is_shown_as_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    model = Sequential([Input((2,)), Dense(2, name="[red]x[")])
    assert "[red]x[ (Dense)" in shown_on_a_terminal(monkeypatch, model, 80)


def test_the_drawing_has_a_card_for_each_call_and_lines_between() -> None:
    assert branches().plot_text() == BRANCHES


def test_lines_cross_and_each_input_of_a_merge_has_its_own() -> None:
    image = Input((2,), name="image")
    arms = [Dense(2, name=f"b{arm}")(Dense(2, name=f"a{arm}")(image)) for arm in range(3)]
    drawn = Model(image, keras.layers.Add(name="sum")([*arms, image])).plot_text().split("\n")
    at = next(place for place, line in enumerate(drawn) if "sum · Add" in line)
    assert [line[:6] for line in drawn[at : at + 3]] == ["│ ╰─┼▶", "╰───┼▶", "    ╰▶"]
    assert "▼" in drawn[at - 2]


def test_nested_models_are_drawn_inside_their_card_when_asked() -> None:
    assert "deep · Dense" not in nested().plot_text()
    drawn = nested().plot_text(expand_nested=True)
    assert "│ │ │ deep · Dense" in drawn
    assert len({len(line) for line in drawn.split("\n") if line.endswith(("╮", "╯"))}) == 1


def test_a_subclass_is_drawn_without_lines() -> None:
    model = Subclass()
    with pytest.raises(ValueError, match="'subclass' cannot be drawn before it is built"):
        model.plot_text()
    model(keras.ops.zeros((2, 4)))
    drawn = model.plot_text()
    assert "used · Dense" in drawn
    assert "▼" not in drawn


def test_a_width_that_holds_no_card_is_refused_and_long_names_are_cut() -> None:
    with pytest.raises(ValueError, match=r"`width` must be 20 .* Received: width=10"):
        branches().plot_text(width=10)
    drawn = Sequential([Input((2,)), Dense(2, name="x" * 99)]).plot_text(width=40)
    assert max(map(len, drawn.split("\n"))) == 40
    assert "x…" in drawn


def test_graphviz_gets_a_box_for_each_call_with_its_name_quoted() -> None:
    row = Input((2,), name="row")
    text = Model(row, Dense(2, name='a "b"')(row), name="net").plot_dot()
    assert text.split("\n") == [
        'digraph "net" {',
        "  node [shape=box];",
        '  0 [label="row · InputLayer\\n[(None, 2)]"];',
        '  1 [label="a \\"b\\" · Dense\\n(None, 2)  6 parameters  output"];',
        "  0 -> 1;",
        "}",
    ]
