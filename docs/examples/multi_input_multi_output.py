"""Two inputs of different kinds, two outputs with a loss each: the species and the mass of a penguin.

A script for stock Keras but for one line: `import keras` there, `from kerastui.engine import keras` here.
"""

from importlib.resources import files

import pandas as pd
import tensorflow as tf

from kerastui.engine import keras

SIZES = ["bill_length_mm", "bill_depth_mm", "flipper_length_mm"]
SPECIES = ["Adelie", "Chinstrap", "Gentoo"]


def load_penguins() -> tuple[dict[str, tf.Tensor], dict[str, tf.Tensor]]:
    """Return inputs and targets of 320 penguins, in random order, as dictionaries of named columns."""
    table = pd.read_csv(str(files("kerastui.assets") / "data" / "penguins.csv"))
    table = table.dropna().sample(320, random_state=1)
    inputs = {
        "sizes": tf.constant(table[SIZES].to_numpy("float32")),
        "island": tf.constant(table[["island"]].to_numpy(str)),
    }
    targets = {
        "species": tf.constant([SPECIES.index(name) for name in table["species"]]),
        "mass": tf.constant(table[["body_mass_g"]].to_numpy("float32") / 1000),
    }
    return inputs, targets


def make_model(data: dict[str, tf.Tensor]) -> keras.Model:
    """Bring both inputs into numbers of one scale, look at them together, and answer both questions."""
    normalize = keras.layers.Normalization()
    normalize.adapt(data["sizes"])
    encode = keras.layers.StringLookup(output_mode="one_hot")
    encode.adapt(data["island"])

    sizes = keras.Input((len(SIZES),), name="sizes")
    island = keras.Input((1,), name="island", dtype="string")
    x = keras.layers.Concatenate()([normalize(sizes), encode(island)])
    x = keras.layers.Dense(32, activation="relu")(x)
    species = keras.layers.Dense(len(SPECIES), activation="softmax", name="species")(x)
    mass = keras.layers.Dense(1, name="mass")(x)
    return keras.Model({"sizes": sizes, "island": island}, {"species": species, "mass": mass})


def main() -> dict[str, list[float]]:
    """Train both outputs together and return the history."""
    keras.utils.set_random_seed(1)
    inputs, targets = load_penguins()
    model = make_model(inputs)
    model.compile(
        optimizer=keras.optimizers.Adam(0.01),
        loss={"species": "sparse_categorical_crossentropy", "mass": "mse"},
        loss_weights={"species": 1.0, "mass": 0.5},
        metrics={"species": ["accuracy"], "mass": ["mae"]},
    )
    # Not shuffled, so that both libraries give the same numbers: once seeded, stock Keras repeats one order in every
    # epoch, and kerastui draws a new one for each. The table was brought into random order once.
    history = model.fit(inputs, targets, batch_size=32, epochs=8, shuffle=False, verbose=2)
    return history.history


if __name__ == "__main__":
    print(main())
