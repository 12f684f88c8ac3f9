"""Keras's walk through a graph of layers, without recursion: a chain may be as long as memory holds.

Keras's own walk calls itself for each layer, and fails at about 970 in a chain where Python's limit is as it comes.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from keras import tree
from keras.src.models import functional
from keras.src.ops import function

__all__ = ["build_map"]


def build_map(inputs: Any, outputs: Any) -> tuple[list[Any], dict[Any, int]]:
    """Sort the calls that lead from inputs to outputs, as Keras's function of that name does and in the same order.

    Args:
        inputs: Symbolic tensors; what they were computed from is not looked at.
        outputs: Symbolic tensors, or a structure of them.

    Returns:
        The calls, each behind all that it needs; for each operation its place in the order in which they were reached.

    Raises:
        ValueError: If a tensor is computed from itself.
    """
    walk = _Walk(inputs)
    for output in tree.flatten(outputs):
        walk.follow(output)
    return walk.ordered, walk.reached


class _Walk:
    def __init__(self, inputs: Any) -> None:
        self.inputs = {id(tensor) for tensor in tree.flatten(inputs)}
        self.ordered: list[Any] = []
        self.reached: dict[Any, int] = {}
        self.finished: set[Any] = set()
        self.under_way: set[Any] = set()

    def follow(self, output: Any) -> None:
        """Go depth first from an output to the inputs; a call is listed once all its own inputs were gone through."""
        waiting: list[tuple[Any, Iterator[Any]]] = []
        tensor = output
        while True:
            node = self._entered(tensor)
            if node is not None:
                waiting.append((node, iter(() if node.is_input else node.input_tensors)))
            while waiting:
                node, parents = waiting[-1]
                if (tensor := next(parents, None)) is not None:
                    break
                waiting.pop()
                self.finished.add(node)
                self.under_way.remove(node)
                self.ordered.append(node)
            else:
                return

    def _entered(self, tensor: Any) -> Any:
        """Give the call that made a tensor, if it is to be gone through now; else `None`."""
        operation, index, _ = tensor._keras_history
        if not operation:
            return None
        node = operation._inbound_nodes[index]
        if node in self.finished:
            return None
        if not node.is_input and id(tensor) in self.inputs:
            self.finished.add(node)
            return None
        if node in self.under_way:
            raise ValueError(f"Tensor {tensor} from operation '{operation.name}' is part of a cycle.")
        self.reached.setdefault(operation, len(self.reached))
        self.under_way.add(node)
        return node


# For all of Keras, stock classes too: it is the same function, only that it goes on where Keras's fails.
function._build_map = functional._build_map = build_map
