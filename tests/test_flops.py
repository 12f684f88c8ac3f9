"""Operations and memory of a call, against numbers worked out by hand."""

from __future__ import annotations

import pytest

from kerastui.engine.checking import Checker
from kerastui.engine.process.protocol import CallReport
from kerastui.engine.project.document import Call, Graph, Input, Layer, Project, Spec, Value

pytestmark = pytest.mark.slow


def checked(class_name: str, config: dict[str, Value], *shapes: tuple[int | None, ...]) -> CallReport:
    """Return the report of one call on inputs of these shapes."""
    inputs = {f"x{place}": Input(shape) for place, shape in enumerate(shapes)}
    graph = Graph(inputs, {"it": Layer(class_name, config)}, {"it": Call("it", tuple(inputs))}, {"out": "it"})
    found = Checker().check(Project("one", graph=graph))
    assert found.problems == ()
    return found.calls["it"]


ROW, STEPS, IMAGE = (5,), (5, 8), (8, 8, 2)
LSTM = Spec("LSTM", {"units": 4})

TABLE: list[tuple[str, dict[str, Value], tuple[tuple[int, ...], ...], int]] = [
    ("Dense", {"units": 3}, (ROW,), 2 * 5 * 3),
    ("Dense", {"units": 3}, (STEPS,), 2 * 5 * 8 * 3),
    ("EinsumDense", {"equation": "ab,bc->ac", "output_shape": 3}, (ROW,), 2 * 5 * 3),
    ("EinsumDense", {"equation": "...x,xy->...y", "output_shape": 3}, (STEPS,), 2 * 5 * 8 * 3),
    ("Conv1D", {"filters": 4, "kernel_size": 3}, ((8, 2),), 2 * 3 * 2 * 4 * 6),
    ("Conv2D", {"filters": 4, "kernel_size": 3, "padding": "same"}, (IMAGE,), 2 * 9 * 2 * 4 * 64),
    ("Conv2D", {"filters": 4, "kernel_size": 3, "groups": 2}, (IMAGE,), 2 * 9 * 1 * 4 * 36),
    ("Conv3D", {"filters": 2, "kernel_size": 2}, ((3, 3, 3, 1),), 2 * 8 * 2 * 8),
    ("DepthwiseConv2D", {"kernel_size": 3}, (IMAGE,), 2 * 9 * 2 * 36),
    ("SeparableConv2D", {"filters": 4, "kernel_size": 3}, (IMAGE,), 2 * 36 * (9 * 2 + 2 * 4)),
    ("Conv2DTranspose", {"filters": 4, "kernel_size": 3}, ((4, 4, 2),), 2 * 9 * 4 * 2 * 16),
    ("SimpleRNN", {"units": 4}, (STEPS,), 2 * 5 * 4 * (8 + 4)),
    ("GRU", {"units": 4}, (STEPS,), 2 * 5 * 3 * 4 * (8 + 4)),
    ("LSTM", {"units": 4}, (STEPS,), 2 * 5 * 4 * 4 * (8 + 4)),
    ("RNN", {"cell": Spec("LSTMCell", {"units": 4})}, (STEPS,), 2 * 5 * 4 * 4 * (8 + 4)),
    ("Bidirectional", {"layer": LSTM}, (STEPS,), 2 * 2 * 5 * 4 * 4 * (8 + 4)),
    ("TimeDistributed", {"layer": Spec("Dense", {"units": 3})}, (STEPS,), 2 * 5 * 8 * 3),
    ("ConvLSTM2D", {"filters": 2, "kernel_size": 3, "padding": "same"}, ((3, 4, 4, 1),), 2 * 3 * 16 * 9 * 8 * (1 + 2)),
    ("MultiHeadAttention", {"num_heads": 2, "key_dim": 3}, ((5, 4), (5, 4)), 2 * (4 * 5 * 4 * 6 + 2 * 25 * 6)),
    ("GroupQueryAttention", {"head_dim": 3, "num_query_heads": 2, "num_key_value_heads": 1}, ((5, 4), (5, 4)), 1320),
    ("Attention", {}, ((5, 4), (7, 4)), 2 * 5 * 7 * (4 + 4)),
    ("AdditiveAttention", {}, ((5, 4), (7, 4)), 5 * 7 * (3 * 4 + 2 * 4)),
    ("Dot", {"axes": 1}, ((4,), (4,)), 2 * 4),
    ("ops.matmul", {}, ((5, 4), (4, 3)), 2 * 5 * 3 * 4),
    ("ops.einsum", {"subscripts": "bij,bjk->bik"}, ((5, 4), (4, 3)), 2 * 5 * 3 * 4),
    ("ops.exp", {}, (STEPS,), 40),
    ("ops.mean", {"axis": -1}, (STEPS,), 40),
    ("ops.transpose", {}, (STEPS,), 0),
    ("Add", {}, (STEPS, STEPS, STEPS), 80),
    ("BatchNormalization", {}, (STEPS,), 40),
    ("ReLU", {}, (STEPS,), 40),
    ("MaxPooling1D", {"pool_size": 2}, ((6, 4),), 2 * 3 * 4),
    ("AveragePooling2D", {"pool_size": (2, 4)}, (IMAGE,), 8 * 4 * 2 * 2),
    ("GlobalAveragePooling1D", {}, ((6, 4),), 24),
    ("Flatten", {}, (IMAGE,), 0),
    ("Concatenate", {}, (STEPS, STEPS), 0),
    ("Dropout", {"rate": 0.5}, (STEPS,), 0),
]


@pytest.mark.parametrize(("class_name", "config", "shapes", "expected"), TABLE)
def test_operations_are_those_of_the_table(
    class_name: str, config: dict[str, Value], shapes: tuple[tuple[int, ...], ...], expected: int
) -> None:
    assert checked(class_name, config, *shapes).flops == expected


def test_unknown_sizes_count_once_and_memory_goes_by_dtype() -> None:
    assert checked("LSTM", {"units": 4}, (None, 8)).flops == 2 * 4 * 4 * (8 + 4)
    assert checked("Dense", {"units": 3}, STEPS).memory == 4 * 15
    assert checked("Dense", {"units": 3, "dtype": "float16"}, STEPS).memory == 2 * 15
    assert checked("ops.less", {}, STEPS, STEPS).memory == 40
    assert checked("LSTM", {"units": 4, "return_state": True}, STEPS).memory == 3 * 16
