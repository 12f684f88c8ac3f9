"""Who is measured: each peer has one way or several to run, and the fastest of them counts."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Way:
    """A way to run a training.

    Args:
        peer: Whose it is.
        name: What tells it from the other ways of the peer.
        family: The process it runs in.
        kind: `"fit"`, `"jax"` for a scan, `"tensorflow"` for a loop.
        settings: More arguments of `compile`, or of the loop.
    """

    peer: str
    name: str
    family: str
    kind: str = "fit"
    settings: dict[str, Any] = field(default_factory=dict)

    @property
    def key(self) -> str:
        """Peer and name."""
        return f"{self.peer}: {self.name}" if self.name else self.peer


PEERS = {
    "ours": "kerastui",
    "keras": "Keras 3 (TF), default",
    "tuned": "Keras 3 (TF), tuned",
    "tf_keras": "tf_keras, default",
    "tf_keras_xla": "tf_keras, better of XLA on and off",
    "jax": "Keras 3 (JAX), default",
    "limit": "written by hand",
}
"""What each peer is called in tables."""

WAYS = (
    Way("ours", "", "ours"),
    Way("keras", "", "keras"),
    Way("tuned", "16 steps", "keras", settings={"jit_compile": False, "steps_per_execution": 16}),
    Way("tuned", "64 steps", "keras", settings={"jit_compile": False, "steps_per_execution": 64}),
    Way("tuned", "16 steps, XLA", "keras", settings={"jit_compile": True, "steps_per_execution": 16}),
    Way("tuned", "64 steps, XLA", "keras", settings={"jit_compile": True, "steps_per_execution": 64}),
    Way("tf_keras", "", "tf_keras"),
    Way("tf_keras_xla", "XLA", "tf_keras", settings={"jit_compile": True}),
    Way("jax", "", "jax"),
    Way("limit", "JAX scan", "jax", "jax"),
    Way("limit", "TensorFlow loop", "keras", "tensorflow", {"jit_compile": False}),
    Way("limit", "TensorFlow loop, XLA", "keras", "tensorflow", {"jit_compile": True}),
)
"""All ways."""
