"""The catalog as it is read: entries, arguments, search, and that none of it needs Keras."""

from __future__ import annotations

import subprocess
import sys

import pytest

from kerastui.engine.catalog.catalog import KINDS, Argument, Entry, Kind, catalog
from kerastui.engine.catalog.search import humps


def entry(kind: Kind, name: str) -> Entry:
    found = catalog().get(kind, name)
    assert found is not None, (kind, name)
    return found


def argument(kind: Kind, name: str, key: str) -> Argument:
    found = entry(kind, name).argument(key)
    assert found is not None, (name, key)
    return found


@pytest.mark.parametrize(
    ("kind", "name", "key", "kind_of", "default", "nullable"),
    [
        ("layer", "Dense", "units", "int", None, False),
        ("layer", "Dense", "activation", "activation", None, True),
        ("layer", "Dense", "use_bias", "bool", True, False),
        ("layer", "Dense", "kernel_initializer", "initializer", "glorot_uniform", False),
        ("layer", "Dense", "kernel_regularizer", "regularizer", None, True),
        ("layer", "Dense", "bias_constraint", "constraint", None, True),
        ("layer", "Dense", "trainable", "bool", True, False),
        ("layer", "Dense", "dtype", "dtype", None, True),
        ("layer", "Flatten", "activity_regularizer", "regularizer", None, True),
        ("layer", "Conv2D", "filters", "int", None, False),
        ("layer", "Conv2D", "kernel_size", "int-tuple", None, False),
        ("layer", "Conv2D", "strides", "int-tuple", (1, 1), False),
        ("layer", "Conv2D", "padding", "choice", "valid", False),
        ("layer", "Conv2D", "data_format", "choice", None, True),
        ("layer", "Conv2D", "groups", "int", 1, False),
        ("layer", "ZeroPadding3D", "padding", "int-tuple", ((1, 1), (1, 1), (1, 1)), False),
        ("layer", "MaxPooling2D", "strides", "int-tuple", None, True),
        ("layer", "LSTM", "activation", "activation", "tanh", True),
        ("layer", "LSTM", "dropout", "float", 0.0, False),
        ("layer", "LSTM", "return_sequences", "bool", False, False),
        ("layer", "Dropout", "rate", "float", None, False),
        ("layer", "Dropout", "noise_shape", "shape", None, True),
        ("layer", "Dropout", "seed", "int", None, True),
        ("layer", "BatchNormalization", "axis", "axis", -1, False),
        ("layer", "BatchNormalization", "momentum", "float", 0.99, False),
        ("layer", "Reshape", "target_shape", "shape", None, False),
        ("layer", "Bidirectional", "layer", "layer", None, False),
        ("layer", "Bidirectional", "merge_mode", "choice", "concat", True),
        ("layer", "TimeDistributed", "layer", "layer", None, False),
        ("layer", "RNN", "cell", "layer", None, False),
        ("layer", "TextVectorization", "output_mode", "choice", "int", False),
        ("layer", "RandomRotation", "factor", "number-tuple", None, False),
        ("layer", "Lambda", "function", "code", None, False),
        ("optimizer", "Adam", "learning_rate", "schedule-or-float", 0.001, False),
        ("optimizer", "Adam", "beta_1", "float", 0.9, False),
        ("optimizer", "Adam", "amsgrad", "bool", False, False),
        ("loss", "SparseCategoricalCrossentropy", "from_logits", "bool", False, False),
        ("loss", "SparseCategoricalCrossentropy", "ignore_class", "int", None, True),
        ("loss", "SparseCategoricalCrossentropy", "reduction", "choice", "sum_over_batch_size", True),
        ("loss", "Huber", "dtype", "dtype", None, True),
        ("metric", "AUC", "curve", "choice", "ROC", False),
        ("metric", "TopKCategoricalAccuracy", "k", "int", 5, False),
        ("callback", "EarlyStopping", "monitor", "str", "val_loss", False),
        ("callback", "EarlyStopping", "mode", "choice", "auto", False),
        ("callback", "EarlyStopping", "patience", "int", 0, False),
        ("callback", "EarlyStopping", "min_delta", "number", 0, False),
        ("callback", "EarlyStopping", "baseline", "number", None, True),
        ("callback", "ModelCheckpoint", "filepath", "str", None, False),
        ("callback", "ModelCheckpoint", "save_freq", "any", "epoch", False),
        ("schedule", "ExponentialDecay", "decay_steps", "int", None, False),
        ("schedule", "PiecewiseConstantDecay", "boundaries", "number-tuple", None, False),
        ("initializer", "VarianceScaling", "distribution", "choice", "truncated_normal", False),
        ("initializer", "HeNormal", "seed", "int", None, True),
        ("regularizer", "L2", "l2", "float", 0.01, False),
        ("constraint", "MaxNorm", "max_value", "number", 2, False),
    ],
)
def test_types_of_common_arguments(
    kind: Kind, name: str, key: str, kind_of: str, default: object, nullable: bool
) -> None:
    found = argument(kind, name, key)
    assert (found.type, found.default, found.nullable) == (kind_of, default, nullable)


def test_choices_come_from_the_docstrings() -> None:
    assert argument("layer", "Conv2D", "padding").choices == ("valid", "same")
    assert argument("layer", "Conv1D", "padding").choices == ("valid", "same", "causal")
    assert argument("layer", "Conv2D", "data_format").choices == ("channels_last", "channels_first")
    assert argument("callback", "EarlyStopping", "mode").choices == ("auto", "min", "max")
    assert argument("layer", "Bidirectional", "merge_mode").choices == ("sum", "mul", "concat", "ave")
    reduction = argument("loss", "MeanSquaredError", "reduction")
    assert reduction.choices == ("sum", "sum_over_batch_size", "mean", "mean_with_sample_weight")
    assert set(argument("layer", "StringLookup", "output_mode").choices) >= {"int", "one_hot", "tf_idf"}


def test_limits_are_those_that_keras_names() -> None:
    rate = argument("layer", "Dropout", "rate")
    assert (rate.minimum, rate.maximum) == (0, 1)
    assert argument("layer", "Dense", "units").minimum == 1
    assert argument("layer", "Conv2D", "kernel_size").minimum == 1
    assert argument("layer", "BatchNormalization", "epsilon").minimum is None


@pytest.mark.parametrize(
    ("name", "inputs", "tensors"),
    [
        ("Dense", "one", ("inputs",)),
        ("LSTM", "one", ("sequences",)),
        ("Add", "list", ("inputs",)),
        ("Dot", "list", ("inputs",)),
        ("Concatenate", "list", ("inputs",)),
        ("Attention", "list", ("inputs",)),
        ("HashedCrossing", "list", ("inputs",)),
        ("MultiHeadAttention", "many", ("query", "value", "key")),
        ("GroupQueryAttention", "many", ("query", "value", "key")),
    ],
)
def test_how_layers_are_called(name: str, inputs: str, tensors: tuple[str, ...]) -> None:
    found = entry("layer", name)
    assert (found.inputs, found.tensors) == (inputs, tensors)


def test_only_some_layers_take_a_list() -> None:
    lists = {each.name for each in catalog().of("layer") if each.inputs == "list"}
    assert lists == {
        *("Add", "Average", "Concatenate", "Dot", "Maximum", "Minimum", "Multiply", "Subtract"),
        *("Attention", "AdditiveAttention", "HashedCrossing"),
    }


@pytest.mark.parametrize(
    ("name", "telling"),
    [
        ("Dense", "units"),
        ("Conv2D", "filters"),
        ("Dropout", "rate"),
        ("MaxPooling2D", "pool_size"),
        ("Concatenate", "axis"),
        ("Flatten", ""),
        ("Add", ""),
        ("Activation", "activation"),
        ("Reshape", "target_shape"),
        ("MultiHeadAttention", "num_heads"),
        ("GlobalAveragePooling2D", ""),
    ],
)
def test_telling_argument(name: str, telling: str) -> None:
    assert entry("layer", name).telling == telling


def test_categories_are_kerass_own_groups() -> None:
    names = ("Dense", "Conv2D", "MaxPooling2D", "LSTM", "Attention", "Add", "Dropout", "RandomFlip", "ReLU")
    assert [entry("layer", name).category for name in names] == [
        *("core", "convolution", "pooling", "recurrent", "attention", "merging", "regularization"),
        *("image preprocessing", "activation"),
    ]
    assert entry("metric", "Precision").category == "confusion"
    assert entry("loss", "BinaryCrossentropy").category == "probabilistic"


def test_what_needs_code_or_is_made_by_keras_is_known_but_not_offered() -> None:
    hidden: dict[Kind, tuple[str, ...]] = {
        "layer": ("Lambda", "LSTMCell", "JaxLayer"),
        "callback": ("History", "LambdaCallback", "LearningRateScheduler"),
        "metric": ("Mean", "MeanMetricWrapper"),
        "activation": ("threshold",),
    }
    for kind, names in hidden.items():
        offered = {each.name for each in catalog().of(kind)}
        for name in names:
            assert entry(kind, name).offered is False
            assert name not in offered
            assert name not in {each.name for each in catalog().search(name, kind)}


def test_names_are_left_to_the_document() -> None:
    assert not [each.name for each in catalog().entries if each.argument("name")]


def test_aliases_find_the_same_entry() -> None:
    assert catalog().layer("Convolution2D") is catalog().layer("Conv2D")
    assert catalog().get("initializer", "uniform") is catalog().get("initializer", "RandomUniform")
    assert catalog().get("activation", "swish") is catalog().get("activation", "silu")
    assert catalog().layer("Densee") is None


def test_every_entry_says_what_it_is() -> None:
    for each in catalog().entries:
        assert each.summary, each.name
        assert "\n" not in each.summary
        assert ">>>" not in each.help or "```" in each.help


def test_help_of_an_argument_is_one_paragraph() -> None:
    text = argument("layer", "Conv2D", "filters").help
    assert text == "int, the dimension of the output space (the number of filters in the convolution)."
    missing = [
        f"{each.name}.{key.name}"
        for each in catalog().entries
        if each.offered
        for key in each.arguments
        if not key.help
    ]
    assert len(missing) < 20, missing


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("Conv2DTranspose", ("conv", "2d", "transpose")),
        ("GlobalAveragePooling2D", ("global", "average", "pooling", "2d")),
        ("LSTM", ("lstm",)),
        ("ConvLSTM2D", ("conv", "lstm", "2d")),
        ("ReLU", ("re", "lu")),
        ("he_normal", ("he", "normal")),
        ("R2Score", ("r2", "score")),
        ("L1L2", ("l1", "l2")),
    ],
)
def test_words_of_a_name(name: str, words: tuple[str, ...]) -> None:
    assert humps(name) == words


@pytest.mark.parametrize(
    ("text", "first"),
    [
        ("dense", "Dense"),
        ("  Dense ", "Dense"),
        ("dens", "Dense"),
        ("bn", "BatchNormalization"),
        ("mha", "MultiHeadAttention"),
        ("gap2d", "GlobalAveragePooling2D"),
        ("conv2dt", "Conv2DTranspose"),
        ("max pooling 2d", "MaxPooling2D"),
        ("convolution2d", "Conv2D"),
        ("flat", "Flatten"),
        ("norm", "Normalization"),
        ("attn", "Attention"),
        ("lstm", "LSTM"),
        ("nn layer", "Dense"),
    ],
)
def test_search_finds_the_layer_first(text: str, first: str) -> None:
    assert catalog().search(text, "layer")[0].name == first


def test_search_orders_exact_prefix_initials_word_part_and_summary() -> None:
    assert [each.name for each in catalog().search("dropout", "layer")][:2] == ["Dropout", "AlphaDropout"]
    names = [each.name for each in catalog().search("pool", "layer")]
    assert names.index("MaxPooling1D") < names.index("GlobalMaxPooling1D")
    found = [each.name for each in catalog().search("wise", "layer")]
    assert found[0] == "DepthwiseConv1D"
    assert "Add" in found, "the summary of Add says element-wise"
    assert catalog().search("zzzz", "layer") == []
    assert catalog().search("mse", "loss")[0].name == "MeanSquaredError"


def test_empty_search_is_everything_by_name() -> None:
    for kind in KINDS:
        found = catalog().search(" ", kind)
        assert tuple(found) == catalog().of(kind)
        assert [each.name for each in found] == sorted(each.name for each in found)


def test_reading_searching_and_parsing_need_neither_keras_nor_tensorflow() -> None:
    program = """
import sys
from kerastui.engine.catalog import check, objects, values
from kerastui.engine.catalog.catalog import catalog
dense = catalog().layer("Dense")
catalog().search("conv", "layer")
values.parse_value(dense.argument("kernel_regularizer"), "L2(1e-4)")
check.check_config(dense, {"unit": 1})
heavy = {"tensorflow", "keras", "numpy", "textual"} & set(sys.modules)
sys.exit(f"imported: {heavy}" if heavy else 0)
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stderr) == (0, "")


def test_examples_in_the_help_keep_their_shape() -> None:
    text = entry("layer", "RandomRotation").help
    assert "### Input shape\n\n3D (unbatched)" in text
    assert '\nbounding_boxes = {\n    "boxes": np.array([\n        [[10, 20' in text
    assert "```python\n>>> x = np.random.rand(4, 10, 10, 128)" in entry("layer", "Conv2D").help
    assert "The call arguments for this layer" in entry("layer", "Bidirectional").help
    for each in catalog().entries:
        assert each.help.count("```") % 2 == 0, each.name
