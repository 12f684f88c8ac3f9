"""Forecast a series from its past with an LSTM: windows by `timeseries_dataset_from_array`, one step ahead.

A script for stock Keras but for one line: `import keras` there, `from kerastui.engine import keras` here.
"""

import numpy as np
import tensorflow as tf

from kerastui.engine import keras

WINDOW = 24
"""Past hours that the model sees."""


def temperatures(hours: int) -> np.ndarray:
    """Make up hourly temperatures: a day's wave, a slower one of the weather, and some noise."""
    hour = np.arange(hours)
    noise = np.random.default_rng(1).normal(scale=0.1, size=hours)
    series = np.sin(2 * np.pi * hour / 24) + 0.5 * np.sin(2 * np.pi * hour / 170) + noise
    return series.astype("float32")[:, np.newaxis]


def windows(series: np.ndarray, shuffle: bool) -> tf.data.Dataset:
    """Cut a series into windows, (batch, 24, 1), each with the value that follows it, (batch, 1)."""
    # The pipeline shuffles, with a seed of its own: the same order for both libraries, another one in each epoch.
    return keras.utils.timeseries_dataset_from_array(
        series[:-1], series[WINDOW:], sequence_length=WINDOW, batch_size=32, shuffle=shuffle, seed=1
    )


def main() -> dict[str, list[float]]:
    """Train on the first 600 hours, test on the 100 after them, and return the history."""
    keras.utils.set_random_seed(1)
    series = temperatures(700)
    model = keras.Sequential([keras.Input((WINDOW, 1)), keras.layers.LSTM(16), keras.layers.Dense(1)])
    model.compile(keras.optimizers.Adam(0.02), loss="mse", metrics=["mae"])
    train, test = windows(series[:600], shuffle=True), windows(series[600:], shuffle=False)
    history = model.fit(train, epochs=4, validation_data=test, verbose=2)
    next_hour = model(series[np.newaxis, -WINDOW:])
    print(f"the next hour: {float(next_hour[0, 0]):.2f}")
    return history.history


if __name__ == "__main__":
    print(main())
