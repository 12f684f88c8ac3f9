"""The recommender learns from generated histories, is saved whole, and refuses what it cannot take."""

from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest

from kerastui.engine import load_model
from kerastui.engine.models.collab_filtering import CollabFilteringModel, Histories, make_histories

USERS, DOCS, LENGTH = 16, 20, 6


def ranking(model: Any, data: Histories) -> float:
    """How often a liked document is scored above another, over all rows: 0.5 is chance."""
    area = keras.metrics.AUC(from_logits=True)
    for start in range(0, len(data.liked), USERS):
        rows = slice(start, start + USERS)
        area.update_state(data.liked[rows], model(data.doc_ids[rows], data.times[rows]))
    return float(area.result())


def test_training_lowers_the_loss_and_ranks_unseen_histories_better_than_chance() -> None:
    keras.utils.set_random_seed(7)
    training = make_histories(USERS, DOCS, LENGTH, batches=32, seed=0)
    unseen = make_histories(USERS, DOCS, LENGTH, batches=8, seed=1)
    model = CollabFilteringModel(USERS, DOCS, 8, LENGTH)
    model.compile(keras.optimizers.Adam(0.02), keras.losses.BinaryCrossentropy(from_logits=True))
    assert ranking(model, unseen) == pytest.approx(0.5, abs=0.15)
    history = model.fit(
        [training.doc_ids, training.times], training.liked, batch_size=USERS, epochs=5, shuffle=False, verbose=0
    )
    losses = history.history["loss"]
    assert losses[-1] < losses[0] / 5
    assert ranking(model, unseen) > 0.9


def test_a_saved_recommender_comes_back_with_the_same_scores(tmp_path: Path) -> None:
    data = make_histories(4, 8, 3, seed=2)
    model = CollabFilteringModel(4, 8, 2, 3)
    expected = model(data.doc_ids, data.times)
    model.save(tmp_path / "collab.keras")
    loaded = load_model(tmp_path / "collab.keras")
    assert type(loaded) is CollabFilteringModel
    np.testing.assert_array_equal(loaded(data.doc_ids, data.times), expected)
    twin = CollabFilteringModel.from_config(model.get_config())
    assert twin.get_config() == model.get_config()
    assert "doc_prop_embedding" in model.summary_text()


def test_generated_histories_have_structure_and_follow_the_seed() -> None:
    data = make_histories(USERS, DOCS, LENGTH, batches=20, topics=4, seed=3)
    assert data.doc_ids.shape == data.times.shape == (USERS * 20, LENGTH)
    assert (data.doc_ids.min(), data.doc_ids.max()) == (1, DOCS)
    assert set(data.liked.sum(axis=1)) == {DOCS / 4}
    liked = np.take_along_axis(data.liked, data.doc_ids - 1, axis=1) == 1
    assert data.times[liked].min() >= 0.6 > 0.3 >= data.times[~liked].max()
    assert liked.mean() == pytest.approx(0.7 + 0.3 / 4, abs=0.03)
    again, other = make_histories(USERS, DOCS, LENGTH, 20, seed=3), make_histories(USERS, DOCS, LENGTH, 20, seed=4)
    assert all(np.array_equal(a, b) for a, b in zip(data, again, strict=True))
    assert not np.array_equal(data.doc_ids, other.doc_ids)


@pytest.mark.parametrize("argument", ["num_users", "num_docs", "doc_embed_dim", "history_length"])
@pytest.mark.parametrize("value", [0, -1, 1.5, True, "3"])
def test_sizes_that_are_no_counts_are_refused(argument: str, value: Any) -> None:
    sizes = {"num_users": 2, "num_docs": 3, "doc_embed_dim": 2, "history_length": 2, argument: value}
    with pytest.raises(ValueError, match=f"`{argument}` must be a whole number.* Received: {argument}="):
        CollabFilteringModel(**sizes)


def test_inputs_of_another_shape_are_refused() -> None:
    model = CollabFilteringModel(2, 3, 2, 4)
    ids, times = np.ones((2, 4), "int32"), np.ones((2, 4), "float32")
    with pytest.raises(ValueError, match=r"`doc_id_history` must have the shape .* = \[2, 4\].* shape \(3, 4\)"):
        model(np.ones((3, 4), "int32"), times)
    with pytest.raises(ValueError, match=r"`c_time_history` must have the shape .* shape \(2, 5\)"):
        model(ids, np.ones((2, 5), "float32"))
    assert model(ids, times).shape == (2, 3)


def test_fewer_documents_than_topics_are_refused() -> None:
    with pytest.raises(ValueError, match=r"`num_docs` must be `topics`=4 or more. Received: num_docs=3"):
        make_histories(2, 3, 2)
