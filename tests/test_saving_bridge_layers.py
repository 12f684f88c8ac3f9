"""Each layer that Keras 3 and tf_keras both have makes the trip here: as JSON, as `.h5` and as `.keras`."""

from pathlib import Path
from typing import Any

import keras
import keras2_models
import numpy as np
import pytest
import tf_keras

from kerastui.engine.catalog.catalog import catalog
from kerastui.engine.catalog.check import check_spec
from kerastui.engine.importing.project import project_of
from kerastui.engine.project.document import Project, Spec
from kerastui.engine.saving.bridge.hdf5_models import load_hdf5
from kerastui.engine.saving.bridge.json_models import model_from_json
from kerastui.engine.saving.bridge.keras_archive import load_archive


def outputs(model: Any, rows: Any) -> Any:
    return [np.asarray(one) for one in keras.tree.flatten(model(rows, training=False))]


@pytest.mark.parametrize("name", sorted(keras2_models.LAYERS | keras2_models.MERGES))
def test_layer_of_tf_keras_gives_the_same_here(name: str, tmp_path: Path) -> None:
    theirs = keras2_models.model_of(name)
    rows = keras2_models.data_for(theirs)
    expected = outputs(theirs, rows)

    from_json = model_from_json(theirs.to_json())
    for archive in (tmp_path / "model.keras", tmp_path / "model.h5"):
        keras2_models.save(theirs, archive)
    models = [load_hdf5(tmp_path / "model.h5"), load_archive(tmp_path / "model.keras")]

    from_json.set_weights(models[0].get_weights())
    for ours in (from_json, *models):
        np.testing.assert_allclose(outputs(ours, rows)[0], expected[0], atol=1e-6)
    if name not in NOT_IN_A_PROJECT:
        assert unheld(project_of(from_json, name).project) == []


NOT_IN_A_PROJECT = {
    **dict.fromkeys(("Activation", "ConvLSTM1D", "ConvLSTM2D", "ConvLSTM3D", "LSTM"), "Keras 2's own hard_sigmoid"),
    "IntegerLookup": "multi_hot has no shape inside a tf.Graph, where a project is checked",
    "TimeDistributed": "a model as an argument",
}


def unheld(project: Project) -> list[str]:
    """What the catalog has to say against the arguments of an imported layer."""
    found = [check_spec("layer", Spec(layer.class_name, layer.config)) for layer in project.graph.layers.values()]
    return [said for said in found if said]


def test_every_layer_of_both_libraries_is_here() -> None:
    both = {entry.name for entry in catalog().of("layer") if hasattr(tf_keras.layers, entry.name)}
    # tf_keras 2.21 cannot call its own `SpectralNormalization`: it takes `InputSpec` from `tf.keras`, that is Keras 3.
    assert both - {"SpectralNormalization"} == both & set(keras2_models.LAYERS | keras2_models.MERGES)
