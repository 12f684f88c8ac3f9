"""A recommender that scores every document for every user, from what each of them read and for how long."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import tensorflow as tf

from kerastui.engine.keras_private import keras
from kerastui.engine.models.model import Model
from kerastui.engine.models.sequential import Sequential

HIDDEN = 32
"""Units of the first layer of the network that turns a history into a user's vector."""


@keras.saving.register_keras_serializable(package="kerastui")
class CollabFilteringModel(Model):
    """Collaborative filtering: a score for each pair of a user and a document.

    Each document has two vectors, one for when it stands in a history and one for when it is scored. A user's history
    (vectors and times, side by side) goes through a small network to the user's vector; the score is the inner product
    of the user's and the document's. Documents are numbered from 1; 0 fills histories that are short.

    Args:
        num_users: Rows in a batch; every call must bring that many.
        num_docs: Documents, numbered 1 to `num_docs`.
        doc_embed_dim: Length of the vectors.
        history_length: Documents in a history.
        name: Name of the model. Defaults to `"CollabFilteringModel"`.
        **kwargs: `trainable` (bool, default True) and `dtype`, as for any model.

    Raises:
        ValueError: If one of the four numbers is not a whole number, 1 or more.

    Example:
        >>> model = CollabFilteringModel(num_users=3, num_docs=7, doc_embed_dim=4, history_length=5)
        >>> tuple(model(tf.zeros((3, 5), tf.int32), tf.zeros((3, 5))).shape)
        (3, 7)
    """

    def __init__(
        self,
        num_users: int,
        num_docs: int,
        doc_embed_dim: int,
        history_length: int,
        name: str = "CollabFilteringModel",
        **kwargs: Any,
    ) -> None:
        sizes = {
            "num_users": num_users,
            "num_docs": num_docs,
            "doc_embed_dim": doc_embed_dim,
            "history_length": history_length,
        }
        for argument, size in sizes.items():
            if isinstance(size, bool) or not isinstance(size, (int, np.integer)) or size < 1:
                raise ValueError(f"`{argument}` must be a whole number, 1 or more. Received: {argument}={size!r}")
        super().__init__(name=name, **kwargs)
        self._num_users, self._num_docs = int(num_users), int(num_docs)
        self._doc_embed_dim, self._history_length = int(doc_embed_dim), int(history_length)
        self._doc_prop_embedding = self._vectors("doc_prop_embedding")
        self._doc_embedding = self._vectors("doc_embedding")
        dense = keras.layers.Dense
        network = [dense(HIDDEN), keras.layers.LeakyReLU(), dense(self._doc_embed_dim, name="hist_emb_layer")]
        self._recs = Sequential(network, name="recs")

    def _vectors(self, name: str) -> Any:
        return keras.layers.Embedding(
            self._num_docs + 1,
            self._doc_embed_dim,
            embeddings_initializer=keras.initializers.TruncatedNormal(mean=0.0, stddev=1.0),
            mask_zero=True,
            name=name,
        )

    def build(self, *_: Any, **__: Any) -> None:
        """Make the weights. All their shapes follow from the constructor; those of the inputs are passed over."""
        self._doc_prop_embedding.build((self._num_docs,))
        self._doc_embedding.build((self._num_users, self._history_length))
        self._recs.build((self._num_users, self._history_length * (self._doc_embed_dim + 1)))
        self.built = True

    def call(self, doc_id_history: Any, c_time_history: Any) -> Any:
        """Score all documents for all users.

        Args:
            doc_id_history: Numbers of the documents in each history, whole, shape `[num_users, history_length]`;
                0 for none.
            c_time_history: How long each was consumed, float, same shape.

        Returns:
            Scores, shape `[num_users, num_docs]`; column `j` is document `j + 1`.

        Raises:
            ValueError: If an input has another shape.
        """
        expected = (self._num_users, self._history_length)
        for argument, value in (("doc_id_history", doc_id_history), ("c_time_history", c_time_history)):
            if not tf.TensorShape(expected).is_compatible_with(value.shape):
                raise ValueError(
                    f"`{argument}` must have the shape [num_users, history_length] = {list(expected)} in {self.name}. "
                    f"Received: {argument} of shape {tuple(value.shape)}"
                )
        read = self._doc_embedding(doc_id_history)
        history = tf.concat([read, tf.cast(c_time_history, read.dtype)[..., tf.newaxis]], axis=-1)
        users = self._recs(tf.reshape(history, (self._num_users, self._history_length * (self._doc_embed_dim + 1))))
        documents = self._doc_prop_embedding(tf.range(1, self._num_docs + 1))
        return tf.matmul(users, documents, transpose_b=True)

    def compute_output_shape(self, *_: Any, **__: Any) -> tuple[int, int]:
        """Return `(num_users, num_docs)`."""
        return self._num_users, self._num_docs

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        return {
            "num_users": self._num_users,
            "num_docs": self._num_docs,
            "doc_embed_dim": self._doc_embed_dim,
            "history_length": self._history_length,
            "name": self.name,
            "trainable": self.trainable,
            "dtype": keras.dtype_policies.serialize(self.dtype_policy),
        }


class Histories(NamedTuple):
    """What users read, and what else they like; a row is a user at one time.

    Attributes:
        doc_ids: Numbers of the documents read, from 1; int32, shape `[rows, history_length]`.
        times: How long each was consumed, 0 to 1; float32, same shape.
        liked: 1 where the user likes the document, else 0; float32, shape `[rows, num_docs]`.
    """

    doc_ids: npt.NDArray[np.int32]
    times: npt.NDArray[np.float32]
    liked: npt.NDArray[np.float32]


def make_histories(
    num_users: int, num_docs: int, history_length: int, batches: int = 1, topics: int = 4, seed: int | None = None
) -> Histories:
    """Generate histories from which likings can be learned.

    Each document has a topic, in turn, and each row a favourite topic. Seven of ten documents in a history are of that
    topic and consumed for long (0.6 to 1), the others are any and consumed briefly (0 to 0.3). The documents of the
    favourite topic are the liked ones, in the history or not.

    Args:
        num_users: Rows in a batch.
        num_docs: Documents, `topics` or more.
        history_length: Documents in a history.
        batches: How many batches. Defaults to 1.
        topics: How many topics. Defaults to 4.
        seed: Seed of the random numbers. Defaults to `None`: other data each time.

    Returns:
        `batches * num_users` rows.

    Raises:
        ValueError: If there are fewer documents than topics.

    Example:
        >>> make_histories(num_users=2, num_docs=8, history_length=5, seed=0).doc_ids.shape
        (2, 5)
    """
    if num_docs < topics:
        raise ValueError(f"`num_docs` must be `topics`={topics} or more. Received: num_docs={num_docs!r}")
    random = np.random.default_rng(seed)
    rows = batches * num_users
    topic_of = np.arange(num_docs) % topics
    favourite = random.integers(topics, size=rows)
    liked = topic_of[np.newaxis, :] == favourite[:, np.newaxis]
    shape = (rows, history_length)
    # The nth document of a topic, in turn, is document `n * topics + topic`.
    of_favourite = random.integers(num_docs // topics, size=shape) * topics + favourite[:, np.newaxis]
    documents = np.where(random.random(shape) < 0.7, of_favourite, random.integers(num_docs, size=shape))
    long, brief = random.uniform(0.6, 1.0, shape), random.uniform(0.0, 0.3, shape)
    times = np.where(np.take_along_axis(liked, documents, axis=1), long, brief)
    return Histories((documents + 1).astype(np.int32), times.astype(np.float32), liked.astype(np.float32))
