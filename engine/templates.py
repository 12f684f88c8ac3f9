"""Projects to start from: each trains as it is, on data that ships with the program. No TensorFlow."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path

import msgspec

from kerastui.engine.project.document import Project
from kerastui.engine.project.files import loads

DEMO = "digits"
"""Name of the template that the demo opens."""


class Template(msgspec.Struct, frozen=True):
    """Describe a project to start from.

    Args:
        name: Its name, and the name of the project made from it.
        title: What kind of network it is.
        note: The data it trains on, one line of at most 23 characters.
        widths: Values a sample is made of on its way through the network, for a small picture; six at most.
        parameters: Trainable parameters.
    """

    name: str
    title: str
    note: str
    widths: tuple[int, ...]
    parameters: int


_TEMPLATES = (
    Template("digits", "Multi-layer perceptron", "digits, 1,797 images", (64, 64, 10), 4_810),
    Template("digits-cnn", "Convolution", "digits, 1,797 images", (64, 1024, 256, 512, 10), 9_930),
    Template("digits-residual", "Residual net", "digits, nested blocks", (64, 1024, 1024, 1024, 256, 10), 12_010),
    Template("digits-lstm", "LSTM", "digits, row by row", (8, 32, 10), 5_578),
    Template("digits-transformer", "Transformer encoder", "digits, row by row", (64, 256, 256, 256, 10), 19_946),
    Template("shapes-unet", "U-Net", "discs among squares", (576, 4608, 2304, 1152, 4608, 576), 14_561),
    Template("denoising", "Autoencoder", "digits under noise", (64, 48, 16, 48, 64), 7_856),
    Template("digits-vae", "VAE", "digits, own train step", (64, 48, 8, 48, 64), 7_472),
    Template("two-tower", "Two towers", "2,400 ratings of films", (1, 8, 32, 16, 1), 2_752),
    Template("collab-filtering", "Collab filtering", "histories, own layer", (10, 45, 32, 8, 24), 2_136),
    Template("penguins-two-outputs", "Two in, two out", "penguins, species, mass", (9, 24, 16, 4), 588),
    Template("penguins-species", "Two inputs", "penguins, by species", (10, 24, 16, 3), 587),
    Template("penguins", "Regression", "penguins, by weight", (12, 32, 16, 1), 961),
    Template("iris", "Small classifier", "irises, by species", (4, 16, 3), 131),
)


def templates() -> tuple[Template, ...]:
    """Return the templates, the demo first; `empty` is none of them, yet `project` knows it."""
    return _TEMPLATES


def code(name: str) -> dict[str, str]:
    """Return the files with code of its own that a template has, by name.

    Args:
        name: Name of a template, or `"empty"`.
    """
    folder = _folder() / name
    return {path.name: path.read_text(encoding="utf-8") for path in sorted(folder.glob("*.py"))}


def project(name: str) -> Project:
    """Return the project of a template.

    Args:
        name: Name of a template, or `"empty"` for a project without data and graph.

    Raises:
        ValueError: There is no such template.

    Example:
        >>> from kerastui.engine.templates import project
        >>> list(project("digits").graph.calls)
        ['flatten', 'hidden', 'digit']
    """
    known = ["empty", *(template.name for template in _TEMPLATES)]
    if name not in known:
        raise ValueError(f"name is one of {', '.join(known)}. Received: name={name!r}")
    path = _folder() / f"{name}.toml"
    return loads(path.read_text(encoding="utf-8"), path)


def _folder() -> Path:
    return Path(str(files("kerastui.assets"))) / "templates"
