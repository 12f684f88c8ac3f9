"""Lists of names in attributes of HDF5 files, as Keras writes them. No TensorFlow."""

from __future__ import annotations

import h5py
import numpy as np

_ATTRIBUTE_LIMIT = 64512
"""Bytes that Keras puts into one attribute at most; HDF5 allows 64 KiB together with the attribute's header."""


def write_strings(group: h5py.Group, name: str, values: list[str]) -> None:
    """Write an attribute that is a list of names, spread over several where it is long, as Keras does.

    Args:
        group: The group.
        name: The attribute.
        values: The names.

    Raises:
        ValueError: If a name alone is too long.
    """
    array = np.asarray([value.encode() for value in values])
    count = -(-array.nbytes // _ATTRIBUTE_LIMIT)
    while any(chunk.nbytes > _ATTRIBUTE_LIMIT for chunk in np.array_split(array, max(count, 1))):
        if array.itemsize > _ATTRIBUTE_LIMIT:
            raise ValueError(
                f"HDF5 holds names of {_ATTRIBUTE_LIMIT} bytes at most. Received: {max(values, key=len)!r}"
            )
        count += 1
    if count <= 1:
        group.attrs[name] = array
        return
    for number, chunk in enumerate(np.array_split(array, count)):
        group.attrs[f"{name}{number}"] = chunk


def read_strings(group: h5py.Group, name: str) -> list[str]:
    """Read what `write_strings` or Keras wrote.

    Args:
        group: The group.
        name: The attribute.

    Returns:
        The names; none if there is no such attribute.
    """
    attributes = [name] if name in group.attrs else []
    while not attributes or attributes != [name]:
        following = f"{name}{len(attributes)}"
        if following not in group.attrs:
            break
        attributes.append(following)
    values = [value for attribute in attributes for value in group.attrs[attribute]]
    return [value.decode() if isinstance(value, bytes) else str(value) for value in values]
