"""Scores of documents for a user: the last step of `CollabFilteringModel`."""

import keras


class Scores(keras.layers.Layer):
    """Score every document by the inner product of the user's vector and the document's.

    Ids of documents begin at 1; row 0 of the table stands for no document and is not scored.

    Args:
        num_docs: Number of documents.
        doc_embed_dim: Length of a vector.
    """

    def __init__(self, num_docs: int = 24, doc_embed_dim: int = 8, **kwargs):
        super().__init__(**kwargs)
        self.num_docs = num_docs
        self.doc_embed_dim = doc_embed_dim
        self.doc_prop_embedding = keras.layers.Embedding(
            num_docs + 1,
            doc_embed_dim,
            embeddings_initializer=keras.initializers.TruncatedNormal(0.0, 1.0),
            mask_zero=True,
            name="doc_prop_embedding",
        )

    def build(self, user_shape):
        self.doc_prop_embedding.build(())

    def call(self, user):
        proposals = self.doc_prop_embedding(keras.ops.arange(1, self.num_docs + 1))
        return keras.ops.matmul(user, keras.ops.transpose(proposals))

    def get_config(self):
        return {**super().get_config(), "num_docs": self.num_docs, "doc_embed_dim": self.doc_embed_dim}
