"""Repairs of shapes: another shape on a wire, or a layer that gives or takes another one."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Sequence

from msgspec.structs import replace

from kerastui.engine.catalog.catalog import catalog
from kerastui.engine.catalog.check import check_config, is_whole
from kerastui.engine.catalog.literals import format_value
from kerastui.engine.project.document import MODEL, Spec, Value
from kerastui.engine.project.graph import node_of, port_of
from kerastui.engine.project.mending.case import Case, Shape
from kerastui.engine.project.mending.feeders import feeder, same_size
from kerastui.engine.project.problems import Repair

RECURRENT = ("LSTM", "GRU", "SimpleRNN")


def refitted(case: Case, slot: int, wanted: Sequence[int | None]) -> Repair | None:
    """Offer what gives a wire another shape: fitting units of the layer that feeds it, or a layer on the wire.

    Args:
        case: The case.
        slot: The wire.
        wanted: Shape that it should have, with the batch axis.
    """
    shape = case.shapes[slot]
    if shape is None:
        return None
    now, then = shape[1:], tuple(wanted)[1:]
    if now == then or not all(then):
        return None
    if len(now) == len(then) and now[:-1] == then[:-1] and then[-1] is not None:
        return _units(case, slot, then[-1])
    if len(now) == len(then) and Counter(now) == Counter(then):
        left = list(range(len(now)))
        dims = [left.pop(next(at for at, axis in enumerate(left) if now[axis] == size)) + 1 for size in then]
        return case.inserted(slot, "Permute", dims=tuple(dims))
    if all(now) and math.prod(now) == math.prod(then):  # type: ignore[arg-type]
        return case.inserted(slot, "Flatten") if len(then) == 1 else case.inserted(slot, "Reshape", target_shape=then)
    if len(now) == 1 and len(then) == 2 and now[0] == then[1]:
        return case.inserted(slot, "RepeatVector", n=then[0])
    if len(now) == len(then) and now[-1] == then[-1]:
        return _spread(case, slot, now, then)
    return None


def _units(case: Case, slot: int, size: int) -> Repair:
    found = feeder(case, case.ends[slot])
    if found is None:
        return case.inserted(slot, "Dense", units=size)
    was = found.layer.config.get(found.argument)
    label = f"set {found.name} {found.argument} {was} → {size}"
    return Repair(label, "argument", found.place, found.argument, size)


def _spread(case: Case, slot: int, now: Shape, then: Shape) -> Repair | None:
    """Offer the same shape on the axes of space or time."""
    source = node_of(case.ends[slot])
    padded = same_size(case, source, then)
    if padded is not None:
        return padded
    if len(then) == 3:
        return case.inserted(slot, "Resizing", height=then[0], width=then[1])
    if len(then) == 2 and now[0] and then[0]:
        name, size = ("ZeroPadding1D", then[0] - now[0]) if then[0] > now[0] else ("Cropping1D", now[0] - then[0])
        return case.inserted(slot, name, **{"padding" if size and name[0] == "Z" else "cropping": (0, size)})
    return None


# The rules --------------------------------------------------------------------------------------------------------


def other_rank(case: Case) -> Repair | None:
    """Offer the number of axes that the layer takes."""
    said = re.search(r"takes (?:at least |at most )?(\d+) axes with the batch, gets (\d+)", case.problem.what)
    if said is None or case.class_name == "TimeDistributed":
        return None  # the layer in it decides, which takes one axis less
    wanted, found = int(said[1]), int(said[2])
    slot = next((at for at, shape in enumerate(case.shapes) if shape is not None and len(shape) == found), None)
    if slot is None:
        return None
    sizes = (case.shapes[slot] or ())[1:]
    return (
        _other_dimensions(case, found)
        or (_sequences(case, slot) if wanted == 3 and found == 2 else None)
        or _reshaped(case, slot, sizes, wanted - 1)
    )


def _other_dimensions(case: Case, rank: int) -> Repair | None:
    """Offer the class of the same name for as many axes as there are: Conv2D for Conv1D."""
    ends = re.fullmatch(r"(\w+)([123])D(\w*)", case.class_name)
    other = f"{ends[1]}{rank - 2}D{ends[3]}" if ends else ""
    entry = catalog().layer(other)
    if entry is None or check_config(entry, case.layer.config):
        return None
    if any(isinstance(value, tuple) for value in case.layer.config.values()):
        return None  # a size for each axis
    return case.layered(f"{case.class_name} → {other}", other, case.layer.config)


def _sequences(case: Case, slot: int) -> Repair | None:
    """Offer all steps of the recurrent layer that feeds the call, where it gives the last one."""
    source = case.ends[slot]
    call = case.graph.calls.get(node_of(source))
    if call is None or port_of(source):
        return None
    layer = case.graph.layers[call.layer]
    inner = layer.config.get("layer")
    label = f"set {layer.name or call.layer} return_sequences=True"
    if layer.class_name in RECURRENT:
        return Repair(label, "argument", case.place(call.layer), "return_sequences", True)
    if layer.class_name == "Bidirectional" and isinstance(inner, Spec) and inner.class_name in RECURRENT:
        value = replace(inner, config={**inner.config, "return_sequences": True})
        return Repair(label, "argument", case.place(call.layer), "layer", value)
    return None


def _reshaped(case: Case, slot: int, sizes: Shape, axes: int) -> Repair | None:
    """Offer as many axes: those at the end in one, or more of size 1 at the end."""
    if axes == 1 and len(sizes) > 1:
        return case.inserted(slot, "Flatten")
    if len(sizes) > axes:
        rest = sizes[axes - 1 :]
        if any(size is None for size in rest):
            return None
        sizes = (*sizes[: axes - 1], math.prod(size for size in rest if size is not None))
    elif len(sizes) == 1 and axes == 3 and sizes[0]:
        side = next(side for side in range(math.isqrt(sizes[0]), 0, -1) if sizes[0] % (side * side) == 0)
        # An image, row by row, as large as can be: 192 are 8 by 8 of 3 channels.
        sizes = (side, side, sizes[0] // (side * side)) if side > 1 else (sizes[0], 1, 1)
    else:
        sizes = (*sizes, *(1 for _ in range(axes - len(sizes))))
    if sum(size is None for size in sizes) > 1:
        return None
    return case.inserted(slot, "Reshape", target_shape=tuple(-1 if size is None else size for size in sizes))


def join(case: Case) -> Repair | None:
    """Offer one shape for the inputs of a layer that joins them."""
    shapes = [shape for shape in case.shapes if shape is not None]
    if not case.problem.what.endswith("differ") or len(shapes) != len(case.shapes):
        return None
    if case.class_name == "Concatenate":
        return _concatenated(case, shapes)
    return _alike(case, shapes)


def _alike(case: Case, shapes: Sequence[Shape], besides: int | None = None) -> Repair | None:
    """Offer to make the first two shapes that differ alike, on every axis but one.

    Of several ways, other units come before another layer, and the larger shape before the smaller.
    """
    usual = Counter(shapes).most_common(1)[0]
    first = shapes.index(usual[0])
    pairs = [(at, first) for at, shape in enumerate(shapes) if shape != usual[0]]
    if usual[1] == 1:
        pairs += [(to, at) for at, to in pairs]
    offers: list[tuple[bool, int, Repair]] = []
    for slot, to in pairs:
        now, wanted = shapes[slot], list(shapes[to])
        if besides is not None and len(now) == len(wanted) and Counter(now) != Counter(wanted):
            wanted[besides] = now[besides]
        offer = refitted(case, slot, wanted)
        if offer is not None:
            offers.append((offer.kind == "insert", -math.prod(size or 1 for size in wanted), offer))
    return min(offers, key=lambda item: item[:2])[2] if offers else None


def _concatenated(case: Case, shapes: Sequence[Shape]) -> Repair | None:
    ranks = {len(shape) for shape in shapes}
    if len(ranks) > 1:
        if min(ranks) == 2:
            high = next(slot for slot, shape in enumerate(shapes) if len(shape) > 2)
            if all(shapes[high][1:]):
                return case.inserted(high, "Flatten")
        return _alike(case, shapes)
    rank = len(shapes[0])
    differing = [axis for axis in range(1, rank) if len({shape[axis] for shape in shapes}) > 1]
    axis = case.layer.config.get("axis", -1)
    if not is_whole(axis):
        return None
    if len(differing) == 1 and differing[0] != axis % rank:
        return case.configured(f"axis {axis} → {differing[0]}", axis=differing[0])
    return _alike(case, shapes, axis % rank)


def model_inputs(case: Case) -> Repair | None:
    """Offer the shapes that a model of the project takes."""
    model = case.project.models.get(str(case.layer.config.get("model"))) if case.class_name == MODEL else None
    if model is None or len(model.inputs) != len(case.call.inputs):
        return None
    for slot, value in enumerate(model.inputs.values()):
        shape, wanted = case.shapes[slot], (None, *value.shape)
        if shape is not None and shape != wanted:
            offer = refitted(case, slot, wanted)
            if offer is not None:
                return offer
    return None


def size_of_weights(case: Case) -> Repair | None:
    """Offer the size that the weights of a shared layer have."""
    said = re.search(r"was built for size (\d+) on axis (-?\d+)", case.problem.what)
    shape = case.shapes[0] if said and len(case.shapes) == 1 else None
    if said is None or shape is None or int(said[2]) % len(shape) != len(shape) - 1:
        return None
    return refitted(case, 0, (*shape[:-1], int(said[1])))


def window(case: Case) -> Repair | None:
    """Offer a window that fits the image: with padding, or a smaller one."""
    if "the window is larger" not in case.problem.what or case.entry is None:
        return None
    padding = case.entry.argument("padding")
    if padding is not None and "same" in padding.choices and case.layer.config.get("padding") != "same":
        return case.configured('padding="same"', padding="same")
    return None


def known_size(case: Case) -> Repair | None:
    """Offer a mean over the axes of unknown size in place of Flatten."""
    if "sizes that are known" not in case.problem.what or not case.ends:
        return None
    source = node_of(case.ends[0])
    call = case.graph.calls.get(source)
    if call is None or case.graph.layers[call.layer].class_name != "Flatten":
        return None
    shape = case.shape(call.inputs[0])
    if shape is None or not 3 <= len(shape) <= 5 or shape[-1] is None:
        return None
    mean = f"GlobalAveragePooling{len(shape) - 2}D"
    return Repair(f"{source} → {mean}", "layer", case.place(call.layer), value=Spec(mean))


def total_size(case: Case) -> Repair | None:
    """Offer a shape of the same size to Reshape."""
    shape, target = case.shapes[0] if case.shapes else None, case.layer.config.get("target_shape")
    if case.class_name != "Reshape" or shape is None or not all(shape[1:]) or not isinstance(target, tuple):
        return None
    total = math.prod(size for size in shape[1:] if size is not None)
    sizes = [size for size in target if is_whole(size)]
    found: tuple[Value, ...] = (total,)
    for axis in reversed(range(len(sizes))):
        rest = math.prod(size for at, size in enumerate(sizes) if at != axis)
        if rest > 0 and total % rest == 0:
            found = (*sizes[:axis], total // rest, *sizes[axis + 1 :])
            break
    side = math.isqrt(total)
    if len(sizes) == 2 and sizes[0] == sizes[1] and side * side == total:
        found = (side, side)
    return case.configured(f"target_shape {format_value(target)} → {format_value(found)}", target_shape=found)


def missing_shape(case: Case) -> Repair | None:
    """Offer a shape to `ops.reshape`, which takes the batch along: all but that in one axis, as Reshape starts with."""
    shape = case.shapes[0] if len(case.shapes) == 1 else None
    if case.class_name != "ops.reshape" or "newshape" in case.layer.config or shape is None or not all(shape[1:]):
        return None
    target = (-1, math.prod(size for size in shape[1:] if size is not None))
    return case.configured(f"set newshape={format_value(target)}", newshape=target)


def axis_in_range(case: Case) -> Repair | None:
    """Offer the last axis where there is no axis of that number."""
    axis = case.layer.config.get("axis")
    shape = case.shapes[0] if case.shapes else None
    if shape is None or not is_whole(axis) or -len(shape) <= axis < len(shape):
        return None
    if case.class_name == "Concatenate" and (fixed := _concatenated_axis(case)) is not None:
        return case.configured(f"axis {axis} → {fixed}", axis=fixed)
    return case.configured(f"axis {axis} → -1", axis=-1)


def _concatenated_axis(case: Case) -> int | None:
    shapes = [shape for shape in case.shapes if shape is not None]
    if len({len(shape) for shape in shapes}) != 1:
        return None
    differing = [axis for axis in range(1, len(shapes[0])) if len({shape[axis] for shape in shapes}) > 1]
    return differing[0] if len(differing) == 1 else None


def groups(case: Case) -> Repair | None:
    """Offer a number of groups that divides the channels."""
    wanted, shape = case.layer.config.get("groups"), case.shapes[0] if case.shapes else None
    filters = case.layer.config.get("filters")
    if "groups" not in case.problem.what or shape is None or shape[-1] is None:
        return None
    if not is_whole(wanted) or not is_whole(filters):
        return None
    found = math.gcd(wanted, shape[-1], filters)
    return case.configured(f"groups {wanted} → {found}", groups=found)


def same_features(case: Case) -> Repair | None:
    """Offer the last axis of the first input to the second, where attention compares them."""
    shapes = case.shapes
    if "compares the last axes" not in case.problem.what or len(shapes) < 2 or shapes[0] is None or shapes[1] is None:
        return None
    return refitted(case, 1, (*shapes[1][:-1], shapes[0][-1]))


def transposed(case: Case) -> Repair | None:
    """Offer the axes of the second factor the other way round, where they fit so."""
    if case.class_name != "ops.matmul" or len(case.shapes) != 2:
        return None
    left, right = case.shapes
    if left is None or right is None or len(right) != 3 or left[-1] is None or left[-1] != right[-1]:
        return None
    return case.inserted(1, "Permute", dims=(2, 1))


def dot_axes(case: Case) -> Repair | None:
    """Offer axes of the same size to Dot."""
    shapes = case.shapes
    if case.class_name != "Dot" or len(shapes) != 2 or shapes[0] is None or shapes[1] is None:
        return None
    for first in reversed(range(1, len(shapes[0]))):
        for second in reversed(range(1, len(shapes[1]))):
            if shapes[0][first] is not None and shapes[0][first] == shapes[1][second]:
                return case.configured(f"axes → ({first}, {second})", axes=(first, second))
    return refitted(case, 1, (None, shapes[0][-1])) if len(shapes[0]) == len(shapes[1]) == 2 else None
