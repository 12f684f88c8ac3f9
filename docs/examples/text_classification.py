"""Tell praise from complaint: a model that takes raw text, with `TextVectorization` as its first layer.

A script for stock Keras but for one line: `import keras` there, `from kerastui.engine import keras` here.
"""

import random

import tensorflow as tf

from kerastui.engine import keras

THINGS = ("The soup", "Our room", "This film", "The new phone", "Their service", "My flight", "The concert")
PRAISE = ("delicious", "charming", "a delight", "brilliant", "friendly", "worth every penny")
COMPLAINT = ("dreadful", "noisy", "a waste of time", "broken", "rude", "far too expensive")
ADVERBS = ("really", "simply", "to be honest", "once again", "frankly")


def write_reviews(count: int) -> tuple[list[str], list[int]]:
    """Make up reviews of one or two sentences, and say of each whether it is praise (1) or complaint (0)."""
    chance = random.Random(1)
    reviews, labels = [], []
    for _ in range(count):
        label = chance.randrange(2)
        words = PRAISE if label else COMPLAINT
        sentences = [
            f"{chance.choice(THINGS)} was {chance.choice(ADVERBS)} {chance.choice(words)}."
            for _ in range(chance.randint(1, 2))
        ]
        reviews.append(" ".join(sentences))
        labels.append(label)
    return reviews, labels


def make_model(reviews: tf.Tensor) -> keras.Model:
    """Split text into words, give each word a vector, and judge by the mean of the vectors."""
    vectorize = keras.layers.TextVectorization(max_tokens=100, output_sequence_length=16)
    vectorize.adapt(reviews)
    text = keras.Input((1,), dtype="string")
    words = vectorize(text)
    vectors = keras.layers.Embedding(vectorize.vocabulary_size(), 16, mask_zero=True)(words)
    meaning = keras.layers.GlobalAveragePooling1D()(vectors)
    hidden = keras.layers.Dense(16, activation="relu")(meaning)
    return keras.Model(text, keras.layers.Dense(1, activation="sigmoid")(hidden))


def main() -> dict[str, list[float]]:
    """Train on made-up reviews, judge two new ones, and return the history."""
    keras.utils.set_random_seed(1)
    reviews, labels = write_reviews(800)
    texts, targets = tf.constant(reviews)[:, tf.newaxis], tf.constant(labels)[:, tf.newaxis]
    model = make_model(texts)
    model.compile(keras.optimizers.Adam(0.01), loss="binary_crossentropy", metrics=["accuracy"])
    # Not shuffled, so that both libraries give the same numbers: once seeded, stock Keras repeats one order in every
    # epoch, and kerastui draws a new one for each. The reviews are in random order as they are.
    history = model.fit(texts, targets, batch_size=64, epochs=5, shuffle=False, verbose=2)
    for text in ("The soup was dreadful.", "Their service was frankly brilliant."):
        print(f"{float(model(tf.constant([[text]]))[0, 0]):.2f}  {text}")
    return history.history


if __name__ == "__main__":
    print(main())
