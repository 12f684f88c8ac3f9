"""`CollabFilteringModel`: two positional inputs, one score for each user and document."""

from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf

from kerastui.engine import Model
from kerastui.engine.models.collab_filtering import CollabFilteringModel

IDS = np.array([[1, 2, 0, 7, 7], [3, 3, 3, 0, 0], [6, 5, 4, 3, 2]], "int32")
TIMES = np.linspace(0, 1, 15, dtype="float32").reshape(3, 5)


def small() -> Any:
    return CollabFilteringModel(num_users=3, num_docs=7, doc_embed_dim=4, history_length=5)


@pytest.mark.row("call#collab_forward")
def test_two_positional_inputs_give_a_score_for_each_user_and_document() -> None:
    model = small()
    scores = model(tf.constant(IDS), tf.constant(TIMES))
    assert isinstance(model, Model)
    assert model.name == "CollabFilteringModel"
    shapes = {weight.path.partition("/")[2]: tuple(weight.shape) for weight in model.weights}
    assert list(shapes.values()) == [(8, 4), (8, 4), (25, 32), (32,), (32, 4), (4,)]
    assert list(shapes)[:2] == ["doc_prop_embedding/embeddings", "doc_embedding/embeddings"]
    assert {"recs/hist_emb_layer/kernel", "recs/hist_emb_layer/bias"} < set(shapes)

    # The computation in numpy: vectors and time side by side, two layers with a leaky ReLU between, inner products.
    proposed, read, kernel, bias, last_kernel, last_bias = (weight.numpy() for weight in model.weights)
    history = np.concatenate([read[IDS], TIMES[..., None]], axis=-1).reshape(3, -1)
    hidden = history @ kernel + bias
    users = np.where(hidden > 0, hidden, 0.3 * hidden) @ last_kernel + last_bias
    np.testing.assert_allclose(scores, users @ proposed[1:].T, rtol=1e-4, atol=1e-5)


@pytest.mark.row("call#collab_save_weights")
def test_weights_are_saved_and_loaded_after_a_call(tmp_path: Path) -> None:
    model, twin = small(), small()
    expected = model(IDS, TIMES)
    twin(IDS, TIMES)
    assert not np.allclose(twin(IDS, TIMES), expected)
    model.save_weights(tmp_path / "collab.weights.h5")
    twin.load_weights(tmp_path / "collab.weights.h5")
    np.testing.assert_array_equal(twin(IDS, TIMES), expected)


@pytest.mark.row("call#collab_gradient")
def test_every_weight_has_a_gradient() -> None:
    model = small()
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean(tf.square(model(tf.constant(IDS), tf.constant(TIMES))))
    gradients = tape.gradient(loss, model.trainable_variables)
    assert len(gradients) == 6
    dense = [
        gradient.numpy() if isinstance(gradient, tf.Tensor) else tf.convert_to_tensor(gradient).numpy()
        for gradient in gradients
    ]
    assert all(np.any(gradient) for gradient in dense)
    assert not np.any(dense[0][0])  # document 0 is none: it is never scored
    model.optimizer = keras.optimizers.SGD(0.01)
    model.optimizer.apply(gradients, model.trainable_variables)
    assert tf.reduce_mean(tf.square(model(IDS, TIMES))) < loss


@pytest.mark.row("call#collab_v1_initializer")
def test_tables_start_as_a_truncated_normal_of_tensorflow_1() -> None:
    class Tables(Model):
        """The two tables with the initializer itself, as the first writers had it."""

        def __init__(self) -> None:
            super().__init__()
            initializer = tf.compat.v1.truncated_normal_initializer()
            self.table = keras.layers.Embedding(2001, 8, mask_zero=True, embeddings_initializer=initializer)

        def call(self, ids: Any) -> Any:
            return self.table(ids)

    theirs = Tables()
    assert theirs(tf.zeros((2, 3), tf.int32)).shape == (2, 3, 8)
    ours = CollabFilteringModel(num_users=1, num_docs=2000, doc_embed_dim=8, history_length=2)
    ours(np.ones((1, 2), "int32"), np.ones((1, 2), "float32"))
    for table in (theirs.weights[0], *ours.weights[:2]):
        values = table.numpy()
        assert values.shape == (2001, 8)
        assert 1.9 < np.abs(values).max() <= 2  # cut at two standard deviations
        assert abs(values.mean()) < 0.03
        assert values.std() == pytest.approx(0.88, abs=0.02)
