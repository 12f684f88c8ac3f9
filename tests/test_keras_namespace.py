"""`kerastui.engine.keras` is Keras with our models in it, and `kerastui.engine.tf` TensorFlow with that."""

from __future__ import annotations

import ast
import importlib
import importlib.util
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import keras as stock
import numpy as np
import pytest
import tensorflow

from kerastui.engine import Functional, Model, Sequential, clone_model, keras, load_model, tf
from kerastui.engine.models.inputs import Input
from kerastui.engine.training.data.creator import DatasetCreator

ROOT = Path(__file__).parents[1]
CHANGED = {"Functional", "Input", "Model", "Sequential", "clone_model", "load_model", "model_from_json", "save_model"}
X = np.random.default_rng(0).normal(size=(8, 3)).astype("float32")


def modules_of(module: ModuleType) -> Iterator[ModuleType]:
    """Keras and its public modules, however deep."""
    yield module
    for name, value in vars(module).items():
        if isinstance(value, ModuleType) and name[0] != "_" and name != "src":
            yield from modules_of(value)


MODULES = tuple(sorted({module.__name__ for module in modules_of(stock)}))


def ours_of(name: str) -> str:
    return f"kerastui.engine.{name}"


def small_model() -> Any:
    inputs = keras.Input((3,))
    return keras.Model(inputs, keras.layers.Dense(2)(inputs))


# Where the names come from


@pytest.mark.parametrize("name", MODULES)
def test_each_module_of_keras_is_there_with_all_its_names(name: str) -> None:
    theirs, mine = importlib.import_module(name), importlib.import_module(ours_of(name))
    public = {item for item in vars(theirs) if item[0] != "_"} - {"src"}
    assert public <= set(dir(mine))
    for item in public - CHANGED:
        value = getattr(mine, item)
        if not isinstance(value, ModuleType):
            assert getattr(value, "__wrapped__", value) is getattr(theirs, item), item


@pytest.mark.parametrize(
    ("name", "ours"),
    [
        ("Functional", Functional),
        ("Input", Input),
        ("Model", Model),
        ("Sequential", Sequential),
        ("layers.Input", Input),
        ("models.Functional", Functional),
        ("models.Input", Input),
        ("models.Model", Model),
        ("models.Sequential", Sequential),
        ("models.clone_model", clone_model),
        ("models.load_model", load_model),
        ("saving.load_model", load_model),
        ("utils.Sequence", stock.utils.PyDataset),
        ("utils.experimental.DatasetCreator", DatasetCreator),
    ],
)
def test_what_is_ours_stands_where_scripts_look_for_it(name: str, ours: object) -> None:
    module, _, last = f"kerastui.engine.keras.{name}".rpartition(".")
    assert getattr(importlib.import_module(module), last) is ours


def test_layers_optimizers_and_all_else_are_the_very_objects_of_keras() -> None:
    assert keras.layers.Dense is stock.layers.Dense
    assert keras.optimizers.schedules.CosineDecay is stock.optimizers.schedules.CosineDecay
    assert keras.ops.numpy.mean is stock.ops.numpy.mean
    assert keras.utils.set_random_seed is stock.utils.set_random_seed
    assert keras.__version__ == stock.__version__


@pytest.mark.parametrize("name", ["src", "_tf_keras", "layers.Dens", "nothing"])
def test_what_is_private_or_unknown_is_not_there(name: str) -> None:
    module, _, last = f"kerastui.engine.keras.{name}".rpartition(".")
    with pytest.raises(AttributeError, match=f"module '{module}' has no attribute '{last}'"):
        getattr(importlib.import_module(module), last)
    with pytest.raises(ModuleNotFoundError):
        importlib.import_module(f"{module}.{last}")


def test_old_names_that_keras_3_dropped_work() -> None:
    assert not hasattr(stock.backend, "mean")
    assert float(keras.backend.mean(tf.constant([1.0, 3.0]))) == 2.0
    assert float(keras.losses.mse([1.0], [3.0])) == 4.0
    tokenizer = keras.preprocessing.text.Tokenizer()
    tokenizer.fit_on_texts(["to be or not to be"])
    assert tokenizer.texts_to_sequences(["or not"]) == [[3, 4]]


def test_a_name_of_keras_3_counts_more_than_the_old_one() -> None:
    assert keras.layers.AlphaDropout is stock.layers.AlphaDropout


# Ways to import


@pytest.mark.parametrize(
    "line",
    [
        "from kerastui.engine import keras; found = keras.Model",
        "from kerastui.engine import keras as k; found = k.models.Model",
        "import kerastui.engine.keras; found = kerastui.engine.keras.Model",
        "import kerastui.engine.keras as k; found = k.Model",
        "import kerastui.engine.keras.models; found = kerastui.engine.keras.models.Model",
        "import kerastui.engine.keras.models as models; found = models.Model",
        "from kerastui.engine.keras import models; found = models.Model",
        "from kerastui.engine.keras import *; found = Model",
        "from kerastui.engine.keras.models import Model as found",
        "from kerastui.engine.keras.models import *; found = Model",
        "from kerastui.engine.tf import keras; found = keras.Model",
        "from kerastui.engine.tf.keras.models import Model as found",
        "import kerastui.engine.tf.keras.models as models; found = models.Model",
        "from kerastui.engine import tf; found = tf.keras.Model",
    ],
)
def test_every_way_to_import_gives_the_same(line: str) -> None:
    names: dict[str, Any] = {}
    exec(line, names)
    assert names["found"] is Model


def test_modules_can_be_found_and_imported_by_their_names() -> None:
    for name in MODULES:
        assert importlib.util.find_spec(ours_of(name)) is not None
        assert sys.modules[f"kerastui.engine.tf.{name}"] is sys.modules[ours_of(name)]


@pytest.mark.slow
def test_an_import_of_a_module_below_is_enough_in_a_fresh_process() -> None:
    code = (
        "import sys\n"
        "import kerastui.engine\n"
        "assert not {'keras', 'tensorflow'} & set(sys.modules)\n"
        "from kerastui.engine.tf.keras.layers import Dense\n"
        "from kerastui.engine.keras.optimizers.schedules import CosineDecay\n"
        "import keras\n"
        "assert Dense is keras.layers.Dense and not hasattr(keras.Model, 'fit_async')\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=100)
    assert done.returncode == 0, done.stderr


# What the functions of the namespace make


def test_models_read_from_json_are_ours_and_so_are_models_in_them() -> None:
    inputs = keras.Input((3,))
    inner = keras.Sequential([keras.Input((3,)), keras.layers.Dense(2)])
    model = keras.Model(inputs, inner(inputs))
    twin = keras.models.model_from_json(model.to_json())
    assert type(twin) is Functional
    assert type(twin.layers[1]) is Sequential
    assert type(keras.models.model_from_json(stock.Sequential([stock.layers.Dense(1)]).to_json())) is Sequential
    assert twin.output_shape == (None, 2)


def test_models_read_from_yaml_are_refused_and_json_is_named() -> None:
    with pytest.raises(RuntimeError, match=r"(?s)YAML.*model_from_json.*Received: yaml_string='a: 1'"):
        keras.models.model_from_yaml("a: 1")


@pytest.mark.parametrize("module", ["saving", "utils", "layers"])
def test_deserialized_models_are_ours(module: str) -> None:
    config = keras.saving.serialize_keras_object(small_model())
    names = importlib.import_module(f"kerastui.engine.keras.{module}")
    revive = names.deserialize if module == "layers" else names.deserialize_keras_object
    assert type(revive(config)) is Functional


@pytest.mark.parametrize("make", [stock.Sequential, Sequential])
def test_save_model_writes_ours_and_stock_ones(make: Any, tmp_path: Path) -> None:
    model = make([stock.Input((3,)), stock.layers.Dense(2)])
    keras.models.save_model(model, tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras")
    assert type(loaded) is Sequential
    np.testing.assert_allclose(loaded.predict(X, verbose=0), model.predict(X, verbose=0), rtol=1e-6)
    assert type(stock.models.load_model(tmp_path / "model.keras")) is stock.Sequential


def test_applications_are_our_models_of_the_same_layers() -> None:
    model = keras.applications.MobileNetV3Small(
        weights=None, input_shape=(32, 32, 3), classes=3, alpha=0.35, include_preprocessing=False
    )
    assert type(model) is Functional
    assert model.name == "MobileNetV3Small"
    assert keras.applications.MobileNetV3Small is keras.applications.MobileNetV3Small
    assert keras.applications.resnet.ResNet50 is keras.applications.resnet50.ResNet50
    assert model(np.zeros((1, 32, 32, 3), "float32")).shape == (1, 3)


def test_our_models_are_models_of_keras_and_a_subclass_trains() -> None:
    class Line(keras.Model):
        def __init__(self) -> None:
            super().__init__()
            self.dense = keras.layers.Dense(1)

        def call(self, inputs: Any) -> Any:
            return self.dense(inputs)

    line = Line()
    line.compile("sgd", "mse")
    history = line.fit(X, X[:, :1], epochs=2, verbose=0)
    assert isinstance(line, stock.Model)
    assert history.history["loss"][1] < history.history["loss"][0]


# TensorFlow


def test_tf_is_tensorflow_but_for_its_keras() -> None:
    assert tf.keras is keras
    assert tf.__version__ == tensorflow.__version__
    assert tf.Tensor is tensorflow.Tensor
    assert isinstance(tf.constant(1), tf.Tensor)
    assert tf.data.Dataset is tensorflow.data.Dataset
    assert tf.nn.relu is tensorflow.nn.relu
    assert tf.compat.v1.Session is tensorflow.compat.v1.Session
    assert set(dir(tensorflow)) <= set(dir(tf))
    with pytest.raises(AttributeError, match="module 'tensorflow' has no attribute 'tensr'"):
        tf.tensr  # noqa: B018


def test_functions_traced_by_tf_see_through_it() -> None:
    @tf.function  # type: ignore[untyped-decorator]  # TensorFlow ships no types
    def total(values: Any) -> Any:
        result = tf.constant(0.0)
        for value in values:
            if value > 0:
                result += tf.square(value)
        return result

    assert float(total(tf.constant([1.0, -2.0, 3.0]))) == 10.0


# Types


@pytest.mark.parametrize("name", ["__init__", "models"])
def test_the_stubs_say_what_is_there(name: str) -> None:
    module = keras if name == "__init__" else keras.models
    stub = ast.parse((ROOT / "engine" / "keras" / f"{name}.pyi").read_text())
    said = [
        (node.module, alias.name, alias.asname)
        for node in stub.body
        if isinstance(node, ast.ImportFrom) and node.module not in ("typing", "kerastui.engine.keras")
        for alias in node.names
    ]
    assert said
    for home, original, shown in said:
        assert getattr(module, shown or original) is getattr(importlib.import_module(home or ""), original)
