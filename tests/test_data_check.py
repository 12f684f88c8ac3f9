"""What is wrong with the data, said so that one can go on."""

from __future__ import annotations

from pathlib import Path
from types import MappingProxyType

import numpy as np
import pytest

from kerastui.engine.data.check import check_data
from kerastui.engine.data.dataset import encode
from kerastui.engine.data.errors import DataError
from kerastui.engine.data.profile import profile
from kerastui.engine.data.table import Table
from kerastui.engine.project.document import Call, Column, Data, Graph, Input, Layer, Split
from kerastui.engine.project.problems import Problem, Repair

ROWS = 40


def table_of(**columns: np.ndarray) -> Table:
    return Table("t", Path("t"), (), MappingProxyType(columns))


def text(*values: str | None) -> np.ndarray:
    """Return text for 40 rows: the values, then the last one again and again."""
    column = np.empty(ROWS, object)
    column[:] = [*values, *[values[-1]] * (ROWS - len(values))]
    return column


X = np.linspace(0, 1, ROWS)
Y = text(*"ab" * (ROWS // 2))
GRAPH = Graph(
    {"x": Input((1,))}, {"dense": Layer("Dense", {"units": 2})}, {"dense": Call("dense", ("x",))}, {"y": "dense"}
)
GOOD = {"x": Column(), "y": Column("target", "label")}


def found(
    columns: dict[str, Column], graph: Graph = GRAPH, split: Split | None = None, **data: np.ndarray
) -> list[Problem]:
    table = table_of(**({"x": X, "y": Y} | data))
    return check_data(profile(table), Data("t.csv", columns, split or Split()), graph)


def only(problems: list[Problem]) -> Problem:
    assert len(problems) == 1, problems
    assert problems[0].stage == "data"
    assert problems[0].hint.endswith(".")
    return problems[0]


def test_good_data_has_no_problem() -> None:
    assert found(GOOD) == []


def test_no_source() -> None:
    assert only(check_data((), Data(), GRAPH)).what == "no data source is chosen"


@pytest.mark.parametrize(
    ("columns", "subject", "what"),
    [
        ({"x": Column("ignore"), "y": GOOD["y"]}, "", "no column is an input"),
        ({"x": Column(), "y": Column("ignore")}, "", "no column is the target"),
        (GOOD | {"z": Column()}, "z", "the data has no column `z`"),
        (GOOD | {"y": Column("target", "label", to="k")}, "y", "`y` is bound to `k`, the graph has no such output"),
        (GOOD | {"x": Column(to="image")}, "x", "`x` is bound to `image`, the graph has no such input"),
        (GOOD | {"y": Column("target")}, "y", "`y` is used as numbers, row 1 has the text `a`"),
    ],
)
def test_columns_that_cannot_be_used(columns: dict[str, Column], subject: str, what: str) -> None:
    problems = found(columns)
    assert (problems[0].severity, problems[0].subject, problems[0].what) == ("error", subject, what)
    assert problems[0].hint.endswith(".")


@pytest.mark.parametrize(
    ("data", "column", "what"),
    [
        (X * np.where(X == 1, np.nan, 1), Column(), "`x` is missing in 1 row"),
        (X * np.where(X == 1, np.inf, 1), Column(), "`x` has infinite or too large values in 1 row"),
        (X * 1e39, Column("input", "standardise"), "`x` has infinite or too large values in 26 rows"),
        (X * np.nan, Column(missing="mean"), "`x` has no values"),
        (X * np.where(X == 1, np.nan, 1), Column(missing="category"), "encoded as numbers, a missing value cannot be"),
        (
            text("a", None, "b"),
            Column("input", "one-hot", "mean"),
            "encoded as classes, a missing value cannot be `mean`",
        ),
        (text("1", "2", "n/a?", "4.5"), Column(), "`x` is used as numbers, row 3 has the text `n/a?`"),
        (np.full((ROWS, 1, 1), np.nan), Column(missing="error"), "`x` has no values"),
        (np.ones((ROWS, 2)), Column("input", "one-hot"), "holds arrays of shape (2,), one-hot needs single values"),
        (text("1", "2"), Column(), "`x` was stored as text"),
    ],
)
def test_values_that_cannot_be_used(data: np.ndarray, column: Column, what: str) -> None:
    problem = found(GOOD | {"x": column}, x=data)[0]
    assert (problem.severity, problem.subject) == ("error", "x")
    assert what in problem.what
    assert problem.hint


def test_array_with_a_missing_value() -> None:
    images = np.ones((ROWS, 2, 2))
    images[4, 1, 1] = np.nan
    graph = Graph({"x": Input((2, 2))}, GRAPH.layers, GRAPH.calls, GRAPH.outputs)
    assert only(found(GOOD, graph, x=images)).what == "`x` is missing in 1 row"


def test_a_numeric_column_with_one_word_says_what_to_correct() -> None:
    problem = found(GOOD, x=text(*"1234", "many", "few", "7"))[0]
    assert problem.what == "`x` is used as numbers, row 5 has the text `many`"
    assert problem.hint.startswith("Correct the value and the 1 like it in the file or leave it empty")


def test_targets() -> None:
    assert only(found(GOOD, y=text("a"))).what == "the target `y` has one value only, `a`"
    columns = {"x": Column(), "y": Column("target", "label", "most-frequent")}
    missing = only(found(columns, y=text(None, *"ab" * 19, "b")))
    assert missing.what == "`y` is the target, a missing value cannot become `most-frequent`"
    many = only(found(GOOD, y=np.arange(ROWS)))
    assert (many.severity, many.what) == ("warning", "the target `y` has 40 classes in 40 rows")


def test_rare_classes() -> None:
    single = only(found(GOOD, y=text("a", "b")))
    assert (single.severity, single.what) == ("warning", "`y` has 1 class with a single row")
    assert found(GOOD, split=Split(stratify=False), y=text("a", "b")) == []
    rare = only(found(GOOD, y=text(*"aaab", "b", "b", "b", "b", "a")))
    assert (rare.severity, rare.what) == ("note", "`b` is rare, 12 % of the rows")


def test_split_that_leaves_a_part_empty() -> None:
    assert only(found(GOOD, split=Split(0.01))).what == "40 rows leave none for validation"
    dropped = {"x": Column(missing="drop"), "y": GOOD["y"]}
    mostly = np.where(np.arange(ROWS) < 3, X, np.nan)
    assert only(found(dropped, x=mostly, split=Split(0.1))).what == "3 rows leave none for validation"


def test_shapes_that_do_not_fit_are_both_named() -> None:
    graph = Graph({"x": Input((5,))}, GRAPH.layers, GRAPH.calls, GRAPH.outputs)
    problem = only(found(GOOD, graph))
    assert (problem.subject, problem.what) == ("x", "`x` takes (∅, 5), x gives (∅, 1)")
    assert "(1,)" in problem.hint
    assert problem.repair == Repair("set input shape (1,)", "shape", "x", value=(1,))
    two = only(found(GOOD | {"z": Column()}, GRAPH, z=np.ones((ROWS, 2, 2))))
    assert two.what == "x, z cannot be put together for `x`: only single numbers and vectors can"


def test_inputs_and_outputs_nothing_is_bound_to() -> None:
    graph = Graph({"x": Input((1,)), "more": Input((2,))}, GRAPH.layers, GRAPH.calls, {"y": "dense", "aux": "dense"})
    problems = found(GOOD, graph)
    assert [(each.severity, each.subject) for each in problems] == [("error", "more"), ("error", "aux")]
    assert found(GOOD, Graph()) == []  # what a graph lacks is told on its own stage


def test_two_weights_and_negative_weights() -> None:
    weights = {"w": Column("weight"), "v": Column("weight")}
    assert only(found(GOOD | weights, w=X, v=X)).what == "`w` and `v` are both sample weights"
    assert only(found(GOOD | {"w": Column("weight")}, w=-X)).what == "`w` is the sample weight and goes down to -1"


def test_a_new_column_of_the_file_is_told() -> None:
    note = only(found(GOOD, new=X))
    assert (note.severity, note.what) == ("note", "`new` is in the data and not used")


def test_encode_refuses_what_the_check_finds() -> None:
    table = table_of(x=X, y=text("a"))
    with pytest.raises(DataError, match=r"t: the target `y` has one value only, `a`. Choose another target"):
        encode(table, Data("t", GOOD), {"x": (1,)}, ["y"])
    with pytest.raises(DataError, match="the graph has no input to bind the data to"):
        encode(table, Data("t", GOOD), {}, ["y"])
