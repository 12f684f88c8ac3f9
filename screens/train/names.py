"""How losses and metrics are called where there is little room: `accuracy` over a chart, `acc` over a column."""

from __future__ import annotations

from collections.abc import Sequence

LEARNING_RATE = "learning_rate"

_TITLES = {LEARNING_RATE: "lr"}
_HEADINGS = {
    LEARNING_RATE: "lr",
    "cosine_similarity": "cos",
    "f1_score": "f1",
    "mean_absolute_error": "mae",
    "mean_absolute_percentage_error": "mape",
    "mean_squared_error": "mse",
    "mean_squared_logarithmic_error": "msle",
    "precision": "prec",
    "recall": "rec",
    "r2_score": "r2",
    "root_mean_squared_error": "rmse",
}


def is_loss(name: str) -> bool:
    """Tell whether a name is that of a loss, the whole one or an output's."""
    return name == "loss" or name.endswith("_loss")


def titles(names: Sequence[str]) -> dict[str, str]:
    """Return what stands over the chart of each loss or metric: Keras's name, `accuracy` for any one kind of it.

    Args:
        names: All names of the run; a short word that two of them would share is used for neither.
    """
    return _distinct(
        names, {name: "accuracy" if name.endswith("accuracy") else _TITLES.get(name, name) for name in names}
    )


def headings(names: Sequence[str]) -> dict[str, str]:
    """Return what stands over the column of each loss or metric: `acc`, `mae`, else Keras's name.

    Args:
        names: All names of the run; a short word that two of them would share is used for neither.
    """
    return _distinct(names, {name: "acc" if name.endswith("accuracy") else _HEADINGS.get(name, name) for name in names})


def _distinct(names: Sequence[str], short: dict[str, str]) -> dict[str, str]:
    """Return the short words, the whole name where two names have the same one."""
    words = list(short.values())
    return {name: short[name] if words.count(short[name]) == 1 else name for name in names}
