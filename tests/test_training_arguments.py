"""Sorting the calls of five generations, without TensorFlow."""

from typing import Any

import numpy as np
import pytest

from kerastui.engine.training.arguments import (
    compile_arguments,
    evaluate_arguments,
    fit_arguments,
    leaves,
    on_batch_flags,
    should_validate,
)

COMPILE = {
    "optimizer": "rmsprop",
    "loss": None,
    "loss_weights": None,
    "metrics": None,
    "weighted_metrics": None,
    "run_eagerly": False,
    "steps_per_execution": 1,
    "jit_compile": "auto",
    "auto_scale_loss": True,
}
FIT = {
    "epochs": 1,
    "validation_batch_size": None,
    "validation_freq": 1,
    "max_queue_size": None,
    "workers": None,
    "use_multiprocessing": None,
}
EVALUATE = {"return_dict": False, "max_queue_size": None, "workers": None, "use_multiprocessing": None}


class Strategy:
    """What tells a `tf.distribute.Strategy`."""

    extended = None


def compiled(*positional: Any, **keywords: Any) -> dict[str, Any]:
    """What `compile` with these arguments means, as far as it is not the default."""
    given = COMPILE | dict(zip(COMPILE, positional, strict=False))
    given |= {name: value for name, value in keywords.items() if name in given}
    sorted_ = compile_arguments(given, {name: value for name, value in keywords.items() if name not in given})
    default = compile_arguments(COMPILE, {})
    return {name: value for name, value in sorted_.items() if value is not default[name] and value != default[name]}


@pytest.mark.parametrize(
    ("call", "meant"),
    [
        (("sgd", "mse", ["mae"]), {"metrics": ["mae"]}),
        (("sgd", "mse", [2.0]), {"loss_weights": [2.0]}),
        (("sgd", "mse", ["mae"], [2.0]), {"metrics": ["mae"], "loss_weights": [2.0]}),
        (("sgd", "mse", [2.0], ["mae"]), {"metrics": ["mae"], "loss_weights": [2.0]}),
        (("sgd", "mse", None, [2.0]), {"loss_weights": [2.0]}),
        (("sgd", "mse", {"a": "mae"}), {"metrics": {"a": "mae"}}),
        (("sgd", "mse", {"a": 0.5, "b": 1}), {"loss_weights": {"a": 0.5, "b": 1}}),
        (("sgd", "mse", [["mae"], [max]]), {"metrics": [["mae"], [max]]}),
        (("sgd", "mse", None, None, ["mae"]), {"weighted_metrics": ["mae"]}),
        (("sgd", "mse", None, None, "temporal"), {"sample_weight_mode": "temporal"}),
        (
            ("sgd", "mse", None, None, {"a": None, "b": "temporal"}),
            {"sample_weight_mode": {"a": None, "b": "temporal"}},
        ),
        (("sgd", "mse", ["mae"], None, None, ["mse"]), {"metrics": ["mae"], "weighted_metrics": ["mse"]}),
        (("sgd", "mse", None, None, None, True, 4, False), {"run_eagerly": True, "steps_per_execution": 4}),
        (("sgd", "mse", None, None, None, None, None, None, "auto"), {"pss_evaluation_shards": "auto"}),
        (("sgd", "mse", None, None, None, None, None, None, 2), {"pss_evaluation_shards": 2}),
        (("sgd", "mse", None, None, None, False, 1, "auto", False), {"auto_scale_loss": False}),
    ],
)
def test_a_position_means_what_its_value_says(call: tuple[Any, ...], meant: dict[str, Any]) -> None:
    found = compiled(*call)
    found.pop("jit_compile", None)
    assert found == {"optimizer": "sgd", "loss": "mse"} | meant


def test_a_tensor_in_seventh_place_is_the_targets() -> None:
    targets = np.ones((2, 1))
    sorted_ = compile_arguments(COMPILE | {"steps_per_execution": targets}, {})
    assert sorted_["target_tensors"] is targets
    assert sorted_["steps_per_execution"] == 1


def test_none_keeps_the_meaning_it_had() -> None:
    sorted_ = compile_arguments(COMPILE | {"run_eagerly": None, "steps_per_execution": None, "jit_compile": None}, {})
    assert (sorted_["run_eagerly"], sorted_["steps_per_execution"], sorted_["jit_compile"]) == (False, 1, False)


def test_a_strategy_is_refused_wherever_it_stands() -> None:
    for call in ({"jit_compile": Strategy()}, {"distribute": Strategy()}, {"distribute": "mirrored"}):
        with pytest.raises(ValueError, match=r"strategy\.scope\(\).*Received: distribute="):
            compiled("sgd", "mse", **call)
    assert compiled("sgd", "mse", distribute=None) == {"optimizer": "sgd", "loss": "mse"}


def test_old_keywords_are_taken_and_unknown_ones_named() -> None:
    assert compiled("sgd", "mse", experimental_run_tf_function=False, fetches=[]) == {"optimizer": "sgd", "loss": "mse"}
    with pytest.raises(TypeError, match=r"'lossweights'.*loss_weights.*Received: lossweights=1"):
        compiled("sgd", "mse", lossweights=1)


@pytest.mark.parametrize("freq", [[1, 2, 10], (1, 2), {1, 2}])
def test_a_collection_in_fifteenth_place_is_the_frequency(freq: Any) -> None:
    assert fit_arguments(FIT | {"validation_batch_size": freq}, {}) == FIT | {"validation_freq": freq}


def test_what_follows_the_frequency_is_shifted() -> None:
    given = FIT | {"validation_batch_size": [1], "validation_freq": 5, "max_queue_size": 2, "workers": True}
    meant = FIT | {"validation_freq": [1], "max_queue_size": 5, "workers": 2, "use_multiprocessing": True}
    assert fit_arguments(given, {}) == meant


def test_nb_epoch_is_epochs_and_others_are_unknown() -> None:
    with pytest.warns(DeprecationWarning, match="epochs"):
        assert fit_arguments(FIT, {"nb_epoch": 3})["epochs"] == 3
    with pytest.raises(TypeError, match="'epoch'"):
        fit_arguments(FIT, {"epoch": 3})


def test_a_number_in_eighth_place_of_evaluate_is_the_queue() -> None:
    assert evaluate_arguments(EVALUATE | {"return_dict": True}, {}) == EVALUATE | {"return_dict": True}
    assert evaluate_arguments(EVALUATE | {"return_dict": 3}, {}) == EVALUATE | {"max_queue_size": 3}
    shifted = {"return_dict": 3, "max_queue_size": 2, "workers": False, "use_multiprocessing": True}
    meant = {"return_dict": True, "max_queue_size": 3, "workers": 2, "use_multiprocessing": False}
    assert evaluate_arguments(shifted, {}) == meant
    with pytest.raises(ValueError, match="'step'"):
        evaluate_arguments(EVALUATE, {"step": 3})


def test_one_flag_more_is_the_older_order() -> None:
    assert on_batch_flags(True, (), True) == (True, True)
    assert on_batch_flags(False, (True,), True) == (True, False)
    with pytest.raises(TypeError, match="at most one"):
        on_batch_flags(False, (True, True), True)


@pytest.mark.parametrize(
    ("freq", "epochs"),
    [(1, [0, 1, 2, 3]), (2, [1, 3]), ([1, 3], [0, 2]), ((4,), [3]), ({2}, [1]), (range(2, 4), [1, 2])],
)
def test_the_epochs_that_end_with_a_validation(freq: Any, epochs: list[int]) -> None:
    assert [epoch for epoch in range(4) if should_validate(epoch, freq)] == epochs


@pytest.mark.parametrize("freq", [0, -1, 1.5, "often", None, True])
def test_a_frequency_that_is_none(freq: Any) -> None:
    with pytest.raises(ValueError, match="Received: validation_freq="):
        should_validate(0, freq)


def test_leaves_of_anything_nested() -> None:
    assert list(leaves({"a": [1, (2, None)], "b": {"c": 3}})) == [1, 2, None, 3]
