"""Repairs of wires: what feeds a call, how many there are, what leads nowhere."""

from __future__ import annotations

import re

from msgspec.structs import replace

from kerastui.engine.project import commands
from kerastui.engine.project.document import MODEL
from kerastui.engine.project.graph import (
    consumers,
    dangling,
    node_name,
    node_of,
    port_of,
    rewired,
    upstream,
    wired,
    wires_into,
)
from kerastui.engine.project.inside import opened
from kerastui.engine.project.mending.arguments import near
from kerastui.engine.project.mending.case import Case, reaches
from kerastui.engine.project.nesting import models_of
from kerastui.engine.project.problems import ALL_WIRES, Repair


def no_input(case: Case) -> Repair | None:
    """Offer the only layer that leads nowhere, or the only input, or to delete the call."""
    if case.ends:
        return None
    free = case.free_ends()
    ends = [node_of(source) for source in case.graph.outputs.values()]
    if not free and len(case.graph.inputs) == 1 and case.key in ends:
        free = list(case.graph.inputs)
    if len(free) == 1:
        return case.fed(f"connect {node_name(case.graph, free[0])}", free[0])
    if not consumers(case.graph, case.key) and case.key not in ends:
        return case.deleted(f"delete {node_name(case.graph, case.key)}", case.key)
    return None


def holds_itself(case: Case) -> Repair | None:
    """Offer to take a model out of itself, or Identity in its place where an output would be left without a source."""
    held = [inner for key, inner in models_of(case.graph) if key == case.key]
    if not case.model or not any(reaches(case.project, inner, case.model) for inner in held):
        return None
    outputs = commands.delete(opened(case.project, case.model), [case.key]).graph.outputs
    if case.graph.outputs.keys() == outputs.keys():
        return case.deleted(f"take {case.name} out", case.key)
    wires = [wire for key in case.graph.calls for wire in wires_into(case.graph, key)]
    taken = {*case.graph.outputs.values(), *(wired(wire.source, wire.port) for wire in wires)}
    if len(case.ends) != 1 or any(port_of(source) for source in taken if node_of(source) == case.key):
        return None  # which of several tensors it would give is not known
    return case.layered(f"{case.name} → Identity", "Identity", {})


def port(case: Case) -> Repair | None:
    """Offer an output that is there."""
    said = re.match(r".* has no output (\S+)", case.problem.what)
    if said is None:
        return None
    for slot, source in enumerate(case.ends):
        if port_of(source) != said[1] or case.shape(source) is not None:
            continue
        node = node_of(source)
        report = case.checked.calls.get(case.place(node)) if case.checked else None
        known = [output.port for output in report.outputs] if report else []
        found = near(said[1], known)
        end = f"{node}:{found}" if found else node
        ends: list[str | None] = list(case.ends)
        ends[slot] = end
        return case.called(f"{source} → {end}", rewired(case.call, ends))
    return None


def argument_of_call(case: Case) -> Repair | None:
    """Offer the nearest name of an argument of the call, or to leave it out."""
    said = re.search(r"has no argument (\w+) to be called with", case.problem.what)
    if said is None or case.entry is None:
        return None
    name, call = said[1], case.call
    if name in call.named:
        found = near(name, [each for each in (*case.entry.named, *case.entry.tensors[1:]) if each not in call.named])
        named = {(found if key == name else key): value for key, value in call.named.items() if found or key != name}
        return case.called(f"{name} → {found}" if found else f"cut {name}", replace(call, named=named))
    if name in call.arguments:
        found = near(name, [each.name for each in case.entry.options if each.name not in call.arguments])
        kept = {(found if key == name else key): value for key, value in call.arguments.items() if found or key != name}
        return case.called(f"{name} → {found}" if found else f"drop {name}", replace(call, arguments=kept))
    return None


def number_of_inputs(case: Case) -> Repair | None:
    """Offer as many inputs as the layer takes."""
    said = re.search(r"takes (one|two or more|a second|exactly \d+|\d+) inputs?\b.*, gets (\d+)", case.problem.what)
    if said is None:
        return None
    words, given = said[1], len(case.call.inputs)
    wanted = {"one": 1, "two or more": 2, "a second": 2}.get(words) or int(words.removeprefix("exactly "))
    if given < wanted:
        return _more(case, wanted)
    return (_joined(case) if wanted == 1 else None) or _fewer(case, wanted)


def _more(case: Case, wanted: int) -> Repair | None:
    inputs, shapes = case.call.inputs, {*case.shapes}
    fitting = [key for key in case.free_ends() if case.shape(key) in shapes and key not in inputs]
    if len(fitting) == 1 and len(inputs) == wanted - 1:
        return case.fed(f"connect {node_name(case.graph, fitting[0])}", *inputs, fitting[0])
    if "Attention" in case.class_name and len(inputs) == 1:
        return case.fed(f"take {inputs[0]} twice", *inputs, inputs[0])
    if case.entry is not None and case.entry.inputs == "list" and len(inputs) == 1:
        return case.deleted(f"delete {case.name}", case.key)  # of one input it makes nothing
    return None


def _fewer(case: Case, wanted: int) -> Repair:
    gone = case.call.inputs[wanted:]
    words = gone[0] if len(gone) == 1 else f"{len(gone)} wires"
    return case.fed(f"cut {words}", *case.call.inputs[:wanted])


def _joined(case: Case) -> Repair | None:
    """Offer Concatenate before a layer that takes one input, where the shapes allow it."""
    shapes = case.shapes[: len(case.call.inputs)]
    if any(shape is None or len(shape) < 2 for shape in shapes) or case.class_name == MODEL:
        return None
    if len({(shape or ())[:-1] for shape in shapes}) > 1:
        return None
    return Repair("insert Concatenate", "insert", case.place(case.key), "Concatenate", {}, ALL_WIRES)


def dead_branch(case: Case) -> Repair | None:
    """Offer to delete what leads to no output."""
    dead = set(dangling(case.graph))
    if case.key not in dead or not case.graph.outputs:
        return None
    branch = {case.key}
    found = True
    while found:  # what feeds nothing but the branch belongs to it; inputs stay, since data is bound to them
        feeding = upstream(case.graph, case.key) & dead & set(case.graph.calls)
        more = {key for key in feeding - branch if set(consumers(case.graph, key)) <= branch}
        found, branch = bool(more), branch | more
    if case.key in case.graph.inputs and (case.project.data.columns or case.model):
        return None
    keys = [case.key, *(key for key in case.graph.calls if key in branch and key != case.key)]
    words = node_name(case.graph, case.key) if len(keys) == 1 else f"{len(keys)} layers that lead nowhere"
    return case.deleted(f"delete {words}", *keys)
