"""The rows of `fit` that are about how it is called, and what it tells."""

from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf
from small_models import Recorder, X, Y, line, weights_of

from kerastui import engine

row = pytest.mark.row


@row("fit")
def test_a_training_is_that_of_stock_keras() -> None:
    ours, stock = line(metrics=["mae"]), line(keras, metrics=["mae"])
    history = [model.fit(X, Y, epochs=3, shuffle=False, verbose=0).history for model in (ours, stock)]
    assert history[0] == history[1]
    assert weights_of(ours) == weights_of(stock)


@row("fit(batch_size)")
def test_batch_size_is_32_unless_given() -> None:
    def batches(**settings: Any) -> int:
        seen = Recorder()
        x = np.zeros((40, 3), "float32")
        line().fit(x, np.zeros((40, 2)), verbose=0, callbacks=[seen], **settings)
        return seen.count("on_train_batch_end")

    assert batches() == 2
    assert batches(batch_size=None) == 2
    assert batches(batch_size=16) == 3


@row("fit(epochs)")
def test_epochs_is_the_number_of_the_last() -> None:
    assert line().fit(X, Y, epochs=3, verbose=0).epoch == [0, 1, 2]
    assert line().fit(X, Y, verbose=0).epoch == [0]


@row("fit(initial_epoch)")
def test_initial_epoch_counts_what_was_done_before() -> None:
    assert line().fit(X, Y, initial_epoch=3, epochs=5, verbose=0).epoch == [3, 4]


@row("fit(verbose)")
def test_verbose_2_is_a_line_for_each_epoch(capsys: pytest.CaptureFixture[str]) -> None:
    line(metrics=["mae"]).fit(X, Y, batch_size=2, epochs=2, verbose=2)
    lines = capsys.readouterr().out.splitlines()
    assert [text for text in lines if text.startswith("Epoch")] == ["Epoch 1/2", "Epoch 2/2"]
    summaries = [text for text in lines if text.startswith("4/4 - ")]
    assert len(summaries) == 2
    assert all(" - loss: " in text and " - mae: " in text for text in summaries)
    line().fit(X, Y, verbose=0)
    assert capsys.readouterr().out == ""


@row("fit#verbose_auto")
def test_auto_is_the_progress_bar(capsys: pytest.CaptureFixture[str]) -> None:
    line().fit(X, Y, batch_size=2, verbose="auto")
    auto = capsys.readouterr().out
    line().fit(X, Y, batch_size=2, verbose=1)
    assert "Epoch 1" not in auto  # one epoch needs no number
    for text in (auto, capsys.readouterr().out):
        assert "4/4" in text
        assert "━━━" in text


@row("fit#verbose_default")
def test_a_progress_bar_is_the_default(capsys: pytest.CaptureFixture[str]) -> None:
    line().fit(X, Y, batch_size=2, epochs=2)
    text = capsys.readouterr().out
    assert "Epoch 1/2" in text
    assert "4/4" in text


@row("fit(callbacks)")
def test_callbacks_hear_everything_in_order() -> None:
    ours, stock = Recorder(), Recorder()
    for home, seen in ((engine, ours), (keras, stock)):
        line(home).fit(X, Y, batch_size=4, epochs=2, validation_data=(X, Y), verbose=0, callbacks=[seen])
    assert ours.calls == stock.calls
    assert ours.count("on_epoch_end") == 2
    single = Recorder()
    line().fit(X, Y, verbose=0, callbacks=single)
    assert single.count("on_train_end") == 1


@row("fit#callbacks_history_auto")
def test_history_and_progress_bar_come_by_themselves(capsys: pytest.CaptureFixture[str]) -> None:
    model = line()
    history = model.fit(X, Y, epochs=2, callbacks=[Recorder()])
    assert isinstance(history, keras.callbacks.History)
    assert model.history is history
    assert len(history.history["loss"]) == 2
    assert capsys.readouterr().out


@row("fit(**kwargs)")
def test_nb_epoch_is_epochs_and_unknown_names_are_refused() -> None:
    with pytest.warns(DeprecationWarning, match="epochs"):
        assert line().fit(X, Y, nb_epoch=2, verbose=0).epoch == [0, 1]
    model = line()
    before = weights_of(model)
    with pytest.raises(TypeError, match=r"'epoch'.*Received: epoch=2"):
        model.fit(X, Y, epoch=2)
    assert weights_of(model) == before


@row("fit#positional_15th")
def test_the_fifteenth_position() -> None:
    def validations(fifteenth: Any) -> tuple[int, int]:
        seen = Recorder()
        positional = (X, Y, 4, 3, 0, [seen], 0.0, (X, Y), True, None, None, 0, None, None, fifteenth)
        line().fit(*positional)
        return seen.count("on_test_begin"), seen.count("on_test_batch_end")

    assert validations(2) == (3, 12)  # validation_batch_size
    assert validations([1, 3]) == (2, 4)  # validation_freq


@row("fit#not_compiled")
def test_a_model_that_was_never_compiled() -> None:
    inputs = keras.Input((3,))
    model = engine.Model(inputs, keras.layers.Dense(2)(inputs))
    for kind in (RuntimeError, ValueError):
        with pytest.raises(kind, match=r"`compile\(\)` before `fit\(\)`"):
            model.fit(X, Y)
    with pytest.raises(RuntimeError, match=r"before `evaluate\(\)`"):
        model.evaluate(X, Y)
    with pytest.raises(RuntimeError, match=r"before `train_on_batch\(\)`"):
        model.train_on_batch(X, Y)


@row("fit#in_tf_function")
def test_fit_cannot_be_part_of_a_graph() -> None:
    model = line()
    before = weights_of(model)
    with pytest.raises(RuntimeError, match=r"`fit\(\)` cannot run inside a `tf.function`"):
        tf.function(lambda: model.fit(X, Y), autograph=False)()
    assert weights_of(model) == before


@row("fit#early_not_trained_twice")
def test_a_second_fit_goes_on_from_the_first() -> None:
    once, twice = line(optimizer="adam"), line(optimizer="adam")
    once.fit(X, Y, epochs=4, shuffle=False, verbose=0)
    for _ in range(2):
        twice.fit(X, Y, epochs=2, shuffle=False, verbose=0)
    assert weights_of(once) == weights_of(twice)
