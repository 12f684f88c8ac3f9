"""What the arguments of a new layer start with, so that the network can be checked as soon as a card is there."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from kerastui.engine.catalog.catalog import Entry
from kerastui.engine.project.document import Spec, Value

STARTING: Final[Mapping[str, Value]] = MappingProxyType(
    {
        # Widths: powers of two that fit small pictures and tables; the user changes them anyway.
        "units": 64,
        "filters": 32,
        "input_dim": 1000,
        "output_dim": 64,
        "output_shape": 64,
        "num_heads": 4,
        "key_dim": 16,
        "head_dim": 16,
        "num_query_heads": 4,
        "num_key_value_heads": 2,
        "num_bins": 64,
        "max_number": 10,
        # Windows: the 3 of VGG and all after it, halving by pooling; 1 is one value for each channel.
        "kernel_size": 3,
        "pool_size": 2,
        "output_size": 1,
        "height": 32,
        "width": 32,
        # Shares: the 0.5 of the Dropout paper; noise and augmentation stay mild.
        "rate": 0.5,
        "stddev": 0.1,
        "factor": 0.1,
        "height_factor": 0.1,
        "width_factor": 0.1,
        "scale": 1 / 255,
        # Shapes that fit whatever comes: all in one axis, the first two axes swapped.
        "target_shape": (-1,),
        "dims": (2, 1),
        "axes": -1,
        "n": 8,
        "equation": "ab,bc->ac",
        "activation": "relu",
    }
)
"""Values of required arguments, by name."""

SPECIAL: Final[Mapping[tuple[str, str], Value]] = MappingProxyType(
    {
        ("Bidirectional", "layer"): Spec("LSTM", {"units": 64}),
        ("TimeDistributed", "layer"): Spec("Dense", {"units": 64}),
        ("SpectralNormalization", "layer"): Spec("Dense", {"units": 64}),
        ("RNN", "cell"): Spec("LSTMCell", {"units": 64}),
        ("Pipeline", "layers"): (Spec("Rescaling", {"scale": 1 / 255}),),
        # Bits a channel, not a share.
        ("RandomPosterization", "factor"): 4,
    }
)
"""Values that depend on the class too."""


def starting_config(entry: Entry) -> dict[str, Value]:
    """Return values for the required arguments of a class; one that no value suits is left out.

    Args:
        entry: Entry of the catalog.
    """
    required = [argument.name for argument in entry.arguments if argument.required]
    found = {name: starting_value(entry, name) for name in required}
    return {name: value for name, value in found.items() if value is not None}


def starting_value(entry: Entry, name: str) -> Value:
    """Return what a required argument of a class starts with, `None` if no value suits it.

    Args:
        entry: Entry of the catalog.
        name: Name of the argument.
    """
    return SPECIAL.get((entry.name, name), STARTING.get(name))
