"""Custom classes and functions: registered, passed, missing; subclassed models with and without `get_config`."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest

from kerastui.engine import Input, Model, Sequential, load_model
from kerastui.engine.saving.errors import RebuildError, UnknownObjectsError

X = np.linspace(-1, 1, 6, dtype="float32").reshape(2, 3)
Layer: Any = keras.layers.Layer


class Scale(Layer):  # type: ignore[misc]
    def __init__(self, factor: float = 2.0, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.factor = factor

    def call(self, x: Any) -> Any:
        return x * self.factor

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "factor": self.factor}


class Shift(Layer):  # type: ignore[misc]
    def call(self, x: Any) -> Any:
        return x + 1


def bend(x: Any) -> Any:
    return x * abs(x)


def far(y_true: Any, y_pred: Any) -> Any:
    return keras.ops.mean(abs(y_true - y_pred) ** 3, axis=-1)


class Closeness(keras.losses.Loss):  # type: ignore[misc]
    def call(self, y_true: Any, y_pred: Any) -> Any:
        return keras.ops.mean(abs(y_true - y_pred), axis=-1)


OBJECTS = {"Scale": Scale, "Shift": Shift, "bend": bend, "far": far, "Closeness": Closeness}


def model() -> Any:
    inputs = Input((3,))
    inner = Sequential([Input((3,)), Shift(name="deep"), Scale(3.0, name="thrice")], name="inner")
    bent = keras.layers.Dense(2, activation=bend, name="bent")(inner(Scale(name="twice")(inputs)))
    made: Any = Model(inputs, bent)
    made.compile("sgd", Closeness(), metrics=[far, "mae"], run_eagerly=True)
    made.fit(X, X[:, :2], verbose=0)
    return made


@pytest.fixture
def registered() -> Iterator[None]:
    """The classes, registered, and forgotten again."""
    names = keras.saving.get_custom_objects()
    before = dict(names)
    names.update(OBJECTS)
    yield
    names.clear()
    names.update(before)


@pytest.mark.parametrize("form", [".keras", ".h5", ""])
def test_passed_objects_are_used(tmp_path: Path, form: str) -> None:
    made = model()
    made.save(tmp_path / f"m{form}")
    loaded = load_model(tmp_path / f"m{form}", OBJECTS)
    np.testing.assert_array_equal(loaded(X), made(X))
    assert isinstance(loaded.loss, Closeness)
    np.testing.assert_allclose(
        loaded.evaluate(X, X[:, :2], verbose=0), made.evaluate(X, X[:, :2], verbose=0), rtol=1e-6
    )


@pytest.mark.parametrize("form", [".keras", ".h5"])
@pytest.mark.usefixtures("registered")
def test_registered_objects_are_found(tmp_path: Path, form: str) -> None:
    made = model()
    made.save(tmp_path / f"m{form}")
    np.testing.assert_array_equal(load_model(tmp_path / f"m{form}")(X), made(X))


@pytest.mark.parametrize("form", [".keras", ".h5", ""])
def test_unknown_objects_are_named_all_at_once_with_their_layers(tmp_path: Path, form: str) -> None:
    model().save(tmp_path / f"m{form}")
    with pytest.raises(UnknownObjectsError) as caught:
        load_model(tmp_path / f"m{form}")
    said = str(caught.value)
    for part in (
        "Scale, needed by 'twice', 'thrice'",
        "Shift, needed by 'deep'",
        "bend, needed by 'bent'",
        f"m{form}: ",
    ):
        assert part in said
    if form != ".h5":
        assert "Closeness, needed by 'compile'" in said
        assert "far, needed by 'compile'" in said
    assert "custom_objects={'Scale': …}" in said
    assert isinstance(caught.value, TypeError)
    assert isinstance(caught.value, ValueError)


def test_what_is_only_compiled_with_is_not_needed_uncompiled(tmp_path: Path) -> None:
    model().save(tmp_path / "m.keras")
    layers = {name: OBJECTS[name] for name in ("Scale", "Shift", "bend")}
    with pytest.raises(UnknownObjectsError, match="Closeness") as caught:
        load_model(tmp_path / "m.keras", layers)
    assert "Scale" not in str(caught.value)
    assert not load_model(tmp_path / "m.keras", layers, compile=False).compiled


class Tower(Model):
    """A subclass whose configuration Keras tells from its constructor."""

    def __init__(self, units: int, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.dense = keras.layers.Dense(units)

    def call(self, x: Any) -> Any:
        return self.dense(x)


class Wrapper(Model):
    """A subclass that takes a layer, and says how to make it again."""

    def __init__(self, layer: Any, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.layer = layer

    def call(self, x: Any) -> Any:
        return self.layer(x)

    def get_config(self) -> dict[str, Any]:
        return {"layer": keras.saving.serialize_keras_object(self.layer), "name": self.name}

    @classmethod
    def from_config(cls, config: dict[str, Any], custom_objects: Any = None) -> Any:
        return cls(keras.saving.deserialize_keras_object(config.pop("layer"), custom_objects), **config)


class Stubborn(Model):
    """A subclass that forgets an argument in `get_config`."""

    def __init__(self, units: int) -> None:
        super().__init__()
        self.dense = keras.layers.Dense(units)

    def call(self, x: Any) -> Any:
        return self.dense(x)

    def get_config(self) -> dict[str, Any]:
        return {}


@pytest.mark.parametrize("make", [lambda: Tower(2), lambda: Wrapper(keras.layers.Dense(2)), lambda: Wrapper(Scale())])
def test_subclassed_models(tmp_path: Path, make: Any) -> None:
    made = make()
    expected = np.asarray(made(X))
    made.save(tmp_path / "m.keras")
    objects = {"Tower": Tower, "Wrapper": Wrapper, "Scale": Scale}
    np.testing.assert_array_equal(load_model(tmp_path / "m.keras", objects)(X), expected)
    with pytest.raises(UnknownObjectsError, match=type(made).__name__):
        load_model(tmp_path / "m.keras")


def test_a_subclass_that_cannot_be_made_again_says_why(tmp_path: Path) -> None:
    made = Stubborn(2)
    made(X)
    made.save(tmp_path / "m.keras")
    with pytest.raises(RebuildError, match=r"m\.keras: no model can be made of it: (?s:.*Stubborn.*get_config.*units)"):
        load_model(tmp_path / "m.keras", {"Stubborn": Stubborn})
