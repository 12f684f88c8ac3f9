"""`summary`: every argument of the generations, the layout of the newest that had one."""

from typing import Any

import keras
import pytest

from kerastui.engine import Input, Model, Sequential

Dense = keras.layers.Dense

CHAIN = """\
Model: "chain"
_________________________________________________________________
 Layer (type)                Output Shape              Param #   
=================================================================
 row (InputLayer)            [(None, 4)]               0         
                                                                 
 hidden (Dense)              (None, 3)                 15        
                                                                 
 scores (Dense)              (None, 2)                 8         
                                                                 
=================================================================
Total params: 23 (92.00 Byte)
Trainable params: 23 (92.00 Byte)
Non-trainable params: 0 (0.00 Byte)
_________________________________________________________________"""  # noqa: W291, W293 — the layout pads its lines


def chain() -> Any:
    row = Input((4,), name="row")
    return Model(row, Dense(2, name="scores")(Dense(3, name="hidden")(row)), name="chain")


def graph() -> Any:
    left, right = Input((4,), name="left"), Input((4,), name="right")
    shared = Dense(3, name="shared")
    both = keras.layers.Concatenate(name="both")([shared(left), shared(right)])
    return Model([left, right], Dense(1, name="out")(both), name="graph")


def nested() -> Any:
    inner = Sequential([Input((3,)), Dense(2, name="deep")], name="inner")
    return Sequential([Input((4,)), Dense(3, name="first"), inner], name="outer")


def written(model: Any, **options: Any) -> list[str]:
    lines: list[str] = []
    model.summary(print_fn=lines.append, **options)
    return lines


def starts(line: str, *heads: str) -> list[int]:
    return [line.index(head) for head in heads]


@pytest.mark.row("summary")
def test_prints_layers_shapes_parameters_and_totals(capsys: pytest.CaptureFixture[str]) -> None:
    assert chain().summary() is None
    assert capsys.readouterr().out == CHAIN + "\n"


@pytest.mark.row("summary(line_length)")
@pytest.mark.parametrize("width", [60, 80, 120])
def test_lines_are_as_wide_as_asked(width: int) -> None:
    lines = written(chain(), line_length=width)
    assert {len(line) for line in lines[1:-4]} == {width}
    assert lines == chain_in_one_call(width)


def chain_in_one_call(width: int) -> list[str]:
    """The same with `line_length` by position."""
    lines: list[str] = []
    chain().summary(width, None, lines.append)
    return lines


@pytest.mark.row("summary(positions)")
def test_columns_end_where_the_parts_of_the_line_say() -> None:
    head = written(chain(), positions=[0.5, 0.75, 1.0], line_length=80)[2]
    assert starts(head, "Output Shape", "Param #") == [40, 60]


@pytest.mark.row("summary(print_fn)")
def test_print_fn_gets_the_text_and_the_standard_output_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    assert "\n".join(written(chain())) == CHAIN
    assert capsys.readouterr().out == ""


@pytest.mark.row("summary(expand_nested)")
def test_layers_of_nested_models_are_listed_between_bars_when_asked() -> None:
    assert not [line for line in written(nested()) if "deep" in line]
    lines = written(nested(), expand_nested=True)
    at = next(place for place, line in enumerate(lines) if "deep (Dense)" in line)
    assert lines[at].startswith("| deep (Dense)")
    assert lines[at].endswith("|")
    assert lines[at - 1] == "|" + "¯" * 63 + "|"
    assert lines[at + 1] == "¯" * 65
    assert lines[at - 2].split() == ["inner", "(Sequential)", "(None,", "2)", "8"]


@pytest.mark.row("summary(show_trainable)")
def test_a_column_says_which_layers_train_when_asked() -> None:
    model = chain()
    model.get_layer("hidden").trainable = False
    assert "Trainable" not in written(model)[2]
    lines = written(model, show_trainable=True)
    assert starts(lines[2], "Trainable") == [65]
    assert {line.split()[0]: line.split()[-1] for line in lines if "(Dense)" in line} == {"hidden": "N", "scores": "Y"}
    assert lines[-3:-1] == ["Trainable params: 8 (32.00 Byte)", "Non-trainable params: 15 (60.00 Byte)"]


@pytest.mark.row("summary(layer_range)")
def test_a_range_of_layers_is_listed_with_both_ends() -> None:
    layers = [Dense(2, name=name) for name in ("one", "two", "three", "four")]
    model = Sequential([Input((2,)), *layers])
    lines = written(model, layer_range=("two", "three"))
    assert [line.split()[0] for line in lines if "(Dense)" in line] == ["two", "three"]
    assert "Total params: 24 (96.00 Byte)" in lines
    with pytest.raises(ValueError, match=r"layer_range=\('two',\)"):
        model.summary(layer_range=("two",))
    with pytest.raises(ValueError, match=r"'five', which matches no layer .* one, two, three, four"):
        model.summary(layer_range=("two", "five"))


@pytest.mark.row("summary#positions_absolute")
def test_absolute_positions_are_columns_of_the_terminal() -> None:
    head = written(chain(), positions=[35, 55, 66])[2]
    assert starts(head, "Output Shape", "Param #") == [35, 55]


@pytest.mark.row("summary#positions_default_new")
def test_a_graph_has_the_column_connected_to_at_seven_tenths() -> None:
    lines = written(graph())
    assert starts(lines[2], "Output Shape", "Param #", "Connected to") == [int(98 * part) for part in (0.3, 0.6, 0.7)]
    # A shared layer stands once, with the inputs of both calls.
    assert [line[68:].strip() for line in lines[8:14]] == [
        "['left[0][0]',",
        "'right[0][0]']",
        "",
        "['shared[0][0]',",
        "'shared[1][0]']",
        "",
    ]


@pytest.mark.row("summary#positions_default_old")
def test_the_older_default_is_had_by_naming_it() -> None:
    old = [0.33, 0.55, 0.67, 1.0]
    head = written(graph(), positions=old)[2]
    assert starts(head, "Output Shape", "Param #", "Connected to") == [int(98 * part) for part in old[:3]]
    assert old == [0.33, 0.55, 0.67, 1.0]  # not changed by the call
    head = written(chain(), line_length=98, positions=old)[2]  # one column less: the last position still ends it
    assert starts(head, "Output Shape", "Param #") == [int(98 * part) for part in old[:2]]


@pytest.mark.row("summary#print_fn_per_line")
def test_print_fn_is_called_once_for_each_line() -> None:
    calls: list[tuple[Any, ...]] = []
    chain().summary(print_fn=lambda *args: calls.append(args))
    assert calls == [(line,) for line in CHAIN.split("\n")]


@pytest.mark.row("summary#layer_range_regex")
def test_a_range_is_given_by_regular_expressions() -> None:
    names = ("stem", "block1_a", "block1_b", "block2_a", "head")
    model = Sequential([Input((2,)), *(Dense(2, name=name) for name in names)])

    def listed(first: str, last: str) -> list[str]:
        lines = written(model, layer_range=[first, last])
        return [line.split()[0] for line in lines if "(Dense)" in line]

    assert listed("block.*", "block.*") == ["block1_a", "block1_b", "block2_a"]
    assert listed("head", r"block\d_b") == ["block1_b", "block2_a", "head"]
    with pytest.raises(ValueError, match=r"'block\[', which is no regular expression"):
        listed("block[", "head")


@pytest.mark.row("summary#unbuilt")
def test_a_model_that_is_not_built_is_refused() -> None:
    class Later(Model):
        def __init__(self) -> None:
            super().__init__(name="later")
            self.dense = Dense(1)

        def call(self, inputs: Any) -> Any:
            return self.dense(inputs)

    model = Later()
    with pytest.raises(ValueError, match=r"'later' has not been built.*Build the model first.*calling it on data"):
        model.summary()
    model(keras.ops.zeros((2, 3)))
    assert "Total params: 4 (16.00 Byte)" in written(model)
    with pytest.raises(ValueError, match="Build the model first"):
        Sequential([Dense(1)]).summary()
