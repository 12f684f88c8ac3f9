"""Fields of the inspector beside the arguments of a layer: its call, its note, and the model that it applies."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from kerastui.engine.catalog.catalog import Entry
from kerastui.engine.project.document import MODEL, Graph, Layer, Structure
from kerastui.engine.project.graph import calls_of, node_name, node_of, wired, wires_into
from kerastui.engine.project.ordering import can_move_wire
from kerastui.screens.build.ends import origin
from kerastui.screens.build.graph_view import Facts
from kerastui.screens.widgets import words
from kerastui.screens.widgets.argument_fields import fields_of
from kerastui.screens.widgets.choose import Choice
from kerastui.screens.widgets.form import Field, FormRow, Heading, Note
from kerastui.screens.widgets.glyphs import glyphs
from kerastui.screens.widgets.ink import Span

NOTE: Final = "@note"
TAKES: Final = "@takes"
GIVES: Final = "@gives"
INNER_TAKES: Final = "@inner-takes"
INNER_GIVES: Final = "@inner-gives"
APPLIES: Final = "@model"
OPEN: Final = "@open"
ORDER: Final = "@order"
"""Keys of fields that are no arguments of a layer."""

CALL: Final = "call:"
"""What the keys of arguments of the call begin with."""

TENSOR: Final = f"{CALL}@"
"""What the keys of tensors that a call takes by name begin with."""

IDLE: Final = "call:idle"
"""Key of the heading of a call that nothing is set for: it starts folded, since nearly every layer takes `training`."""

OUTPUT: Final = "output:"
"""What the keys of names of outputs begin with."""

TRAINABLE: Final = "trainable"

PLAIN: Final = "plain"

STRUCTURES: Final[dict[str, Structure]] = {PLAIN: "", "list": "list", "dict": "dict"}
"""Words for how several tensors are taken or given."""

_STRUCTURE_HELP: Final = {
    "takes": "How the model takes its inputs: one tensor as it is and several in a list (*plain*), always a "
    "`list`, or a `dict` by the names of the inputs.",
    "gives": "How the model gives its outputs: one tensor as it is and several by name (*plain*), always a "
    "`list`, or a `dict` by the names of the outputs.",
}


def note_rows(facts: Facts, key: str) -> list[FormRow]:
    """Return the note on a card, as a field."""
    text = facts.project.notes.get(key, "")
    help_text = f"{text}\n\n---\n\n" if text else ""
    help_text += "What somebody should know of this card; it stays with it."
    return [Note(), Field(NOTE, "note", text, changed=bool(text), help=help_text)]


def structure_field(key: str, structure: Structure) -> Field:
    """Return the field of how a model takes or gives tensors.

    Args:
        key: Key of the field; what it is about stands at its end.
        structure: What it is.
    """
    end = "takes" if key.endswith("takes") else "gives"
    shown = next(word for word, each in STRUCTURES.items() if each == structure)
    choices = tuple(Choice(word) for word in STRUCTURES)
    return Field(
        key, end, shown, "choice", changed=bool(structure), choices=choices, help=_STRUCTURE_HELP[end], raw=shown
    )


def output_rows(facts: Facts, key: str) -> list[FormRow]:
    """Return the names of the outputs of the graph that a card is, and how the graph gives them; none for others.

    Args:
        facts: What is known of the graph.
        key: Id of an input or call.
    """
    names = [name for name, source in facts.graph.outputs.items() if node_of(source) == key]
    help_text = "Name of this output of the model: losses, metrics and targets go by it."
    rows: list[FormRow] = [Field(f"{OUTPUT}{name}", "output", name, changed=True, help=help_text) for name in names]
    return [*rows, structure_field(GIVES, facts.graph.gives)] if rows else []


def order_rows(facts: Facts, key: str) -> list[FormRow]:
    """Return the row that changes the order of what a card takes, or of the inputs or outputs that it is one of.

    Args:
        facts: What is known of the graph.
        key: Id of an input or call.
    """
    graph = facts.graph
    slots = range(len(wires_into(graph, key)))
    ends = {node_of(source) for source in graph.outputs.values()} if len(graph.outputs) > 1 else set()
    if len(graph.inputs) > 1:
        ends |= graph.inputs.keys()
    if key not in ends and not any(can_move_wire(facts.project, key, slot, 1) for slot in slots):
        return []
    help_text = (
        "Two neighbours change places: tensors that it takes, or it with another input or output. `s` in the graph."
    )
    return [Field(ORDER, "swap order", "", "action", help=help_text)]


def call_rows(facts: Facts, key: str, entry: Entry | None) -> Iterator[FormRow]:
    """Yield what belongs to one call of a layer: arguments of `call`, and further tensors with where they come from.

    Args:
        facts: What is known of the graph.
        key: Id of the call.
        entry: Entry of the layer's class.
    """
    call = facts.graph.calls[key]
    named = dict.fromkeys((*(entry.named if entry else ()), *call.named))
    options = entry.options if entry else ()
    if not named and not options:
        return
    calls = calls_of(facts.graph, call.layer)
    idle = not named and not call.arguments
    yield Heading(IDLE if idle else "call", "call", f"{calls.index(key) + 1} of {len(calls)}" if len(calls) > 1 else "")
    for argument in options:
        yield from fields_of(argument, call.arguments, {}, path=CALL)
    for name in named:
        sources = [wired(wire.source, wire.port) for wire in wires_into(facts.graph, key) if wire.argument == name]
        came = ", ".join(origin(facts, source) for source in sources)
        told = ", ".join(f"{origin(facts, source)} {words.shape(facts.shape(source))}" for source in sources)
        help_text = f"A tensor that `call` takes as `{name}`. Connect a card to it with `c` on that card."
        yield Field(
            f"{TENSOR}{name}",
            name,
            f"{glyphs().came} {came}" if came else glyphs().missing,
            "readonly",
            changed=bool(told),
            help=f"{told}\n\n{help_text}" if told else help_text,
        )


def model_rows(facts: Facts, layer: Layer) -> Iterator[FormRow]:
    """Yield what is to be said of a layer that applies a model of the project.

    Args:
        facts: What is known of the graph.
        layer: The layer.
    """
    model = str(layer.config.get("model", ""))
    graph = facts.project.models.get(model)
    # A model cannot apply itself, nor one that is opened: what is offered is all that is left.
    offered = tuple(Choice(each) for each in facts.project.models if each != facts.model)
    yield Field(APPLIES, "model", model, "choice", changed=True, choices=offered, help="The model that is applied.")
    if graph is None:
        return
    trained = layer.config.get(TRAINABLE, True) is not False
    trainable_help = "Whether training changes the weights of the model."
    yield Field(TRAINABLE, TRAINABLE, str(trained).lower(), "switch", trained, not trained, help=trainable_help)
    yield structure_field(INNER_TAKES, graph.takes)
    yield structure_field(INNER_GIVES, graph.gives)
    yield Field(OPEN, "open inside", "", "action", help="Show the layers of the model, to change them.")
    yield Note()
    yield Note([("layers   ", "muted"), (words.count(len(graph.layers)), "text")])
    for at, (key, given) in enumerate(graph.inputs.items()):
        yield _inner_end("inputs" if at == 0 else "", node_name(graph, key), words.shape((None, *given.shape)))
    for at, (name, source) in enumerate(graph.outputs.items()):
        yield _inner_end("outputs" if at == 0 else "", name, _inner_shape(facts, model, graph, source))


def _inner_shape(facts: Facts, model: str, graph: Graph, source: str) -> str:
    """Return the shape of an output of a model inside."""
    if source in graph.inputs:
        return words.shape((None, *graph.inputs[source].shape))
    tensor = facts.checked.tensor(source, model) if facts.checked else None
    return words.shape(tensor.shape if tensor else None)


def _inner_end(label: str, name: str, shape: str) -> Note:
    line: list[Span] = [(label.ljust(9), "muted"), (name, "text"), (f"  {shape}", "muted")]
    return Note(line)


def applied(layer: Layer) -> str:
    """Return the id of the model that a layer applies, `""` if it applies none."""
    return str(layer.config.get("model", "")) if layer.class_name == MODEL else ""
