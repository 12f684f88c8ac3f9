"""Complete the problems of a project: what shapes and types tell, what is wrong inside, and a repair for each."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence

from msgspec.structs import replace

from kerastui.engine.catalog.catalog import catalog
from kerastui.engine.catalog.check import check_config
from kerastui.engine.process.protocol import Checked
from kerastui.engine.project.document import Graph, Project
from kerastui.engine.project.edits import EditError
from kerastui.engine.project.graph import consumers, dangling, node_name, node_of
from kerastui.engine.project.inside import place_of, split_place
from kerastui.engine.project.mending import arguments, shapes, wires
from kerastui.engine.project.mending.case import Case
from kerastui.engine.project.nesting import models_of
from kerastui.engine.project.problems import Problem, Repair, by_severity
from kerastui.engine.project.repairs import apply_repair

MOST = 5
"""Problems that get a repair in one go, since each is tried on the document: 3 ms at 200 calls, 16 ms at 1,000. Each
edit looks again, so that the next ones have theirs when these are put right."""

RULES: Sequence[Callable[[Case], Repair | None]] = (
    wires.no_input,
    arguments.other_class,
    arguments.other_model,
    arguments.valid_arguments,
    arguments.other_name,
    wires.holds_itself,
    wires.port,
    wires.argument_of_call,
    wires.number_of_inputs,
    shapes.axis_in_range,
    shapes.other_rank,
    shapes.join,
    shapes.model_inputs,
    shapes.size_of_weights,
    shapes.window,
    shapes.known_size,
    shapes.total_size,
    shapes.missing_shape,
    shapes.groups,
    shapes.same_features,
    shapes.transposed,
    shapes.dot_axes,
)
"""What is tried for a call that stops a run, in this order: what is certain before what is likely."""


def mended(project: Project, checked: Checked | None, problems: Sequence[Problem]) -> list[Problem]:
    """Return the problems of a project, each with a repair where one is known.

    Problems of a model inside stand on the layers that are this model too.

    Args:
        project: The project.
        checked: The engine's check of it, `None` while there is none of the project as it is.
        problems: What the document, the data and the engine found, put together.
    """
    found = [*problems, *_types(project, checked)]
    open_ = [at for at, problem in enumerate(found) if problem.stage == "build" and problem.repair is None]
    for at in open_[:MOST]:
        repair = _repair(Case(project, checked, found[at]))
        if repair is not None and _sound(project, repair):
            found[at] = replace(found[at], repair=repair)
    return by_severity([*found, *_outward(project, found)])


def to_prove(problems: Sequence[Problem]) -> list[tuple[Problem, Repair]]:
    """Return the first errors of the graph whose repair the engine can prove: what is on the screen."""
    errors = [each for each in problems if each.stage == "build" and each.severity == "error"]
    found = [(each, each.repair) for each in errors if each.repair is not None]
    return [(each, repair) for each, repair in found if repair.kind != "trust"][:MOST]


def is_refuted(problem: Problem, before: Checked, after: Checked) -> bool:
    """Tell whether a repair has not put a problem right, or has put something wrong that was right.

    What waited for the problem may show one of its own: it was there before.

    Args:
        problem: The problem.
        before: The check of the project with it.
        after: The check of the project with the repair applied.
    """
    wrong = {each.subject for each in after.problems if each.severity == "error"}
    known = {each.subject for each in before.problems}
    right = {place for place, report in before.calls.items() if report.shape is not None and place not in known}
    return problem.subject in wrong or bool(wrong & right)


def withdrawn(problems: Sequence[Problem], refuted: Collection[tuple[str, Repair]]) -> list[Problem]:
    """Return problems without the repairs that the engine has refuted.

    Args:
        problems: The problems.
        refuted: Subject and repair of each.
    """
    return [
        replace(each, repair=None) if each.repair is not None and (each.subject, each.repair) in refuted else each
        for each in problems
    ]


def _repair(case: Case) -> Repair | None:
    graph_of = case.project.models if case.model else {"": case.project.graph}
    if case.model not in graph_of:
        return None
    if case.problem.severity == "warning":
        return wires.dead_branch(case)
    if case.key in case.graph.inputs:
        return arguments.other_name(case) or _number_type(case)
    if case.key in case.graph.calls:
        return next((repair for rule in RULES if (repair := rule(case)) is not None), None)
    return _end(case) if not case.key and not case.graph.outputs else None


def _number_type(case: Case) -> Repair | None:
    if "dtype" not in case.problem.what:
        return None
    return Repair("set dtype float32", "dtype", case.place(case.key), value="float32")


def _end(case: Case) -> Repair | None:
    """Offer the only end of a graph as its output."""
    ends = [key for key in dangling(case.graph) if key in case.graph.calls and not consumers(case.graph, key)]
    if len(ends) != 1:
        return None
    return Repair(f"make {node_name(case.graph, ends[0])} the output", "output", case.place(ends[0]))


def _sound(project: Project, repair: Repair) -> bool:
    """Tell whether a repair can be applied and leaves nothing that is wrong in the document by itself.

    Only what it changes is looked at: the whole document takes 14 ms at 1,000 calls, for each of many problems.
    """
    try:
        after = apply_repair(project, repair)
    except EditError:
        return False
    if after == project:
        return False
    before = {"": project.graph, **project.models}
    return all(_still_sound(before[key], graph) for key, graph in {"": after.graph, **after.models}.items())


def _still_sound(before: Graph, after: Graph) -> bool:
    if before is after:
        return True
    for key, call in after.calls.items():
        if before.calls.get(key) is not call and not (call.inputs or call.named):
            return False
    for key, layer in after.layers.items():
        entry = catalog().layer(layer.class_name) if before.layers.get(key) is not layer else None
        if entry is not None and check_config(entry, layer.config):
            return False
    return set(before.outputs) <= set(after.outputs)


def _types(project: Project, checked: Checked | None) -> Iterator[Problem]:
    """Find numbers that are cut off: an Embedding looks up whole numbers, and takes others without a word."""
    graphs = {"": project.graph, **project.models}
    for model, graph in graphs.items():
        for key, call in graph.calls.items():
            if graph.layers[call.layer].class_name != "Embedding" or not call.inputs:
                continue
            source, repair = call.inputs[0], None
            if source in graph.inputs:
                dtype = graph.inputs[source].dtype
                only = all(
                    graph.layers[graph.calls[each].layer].class_name == "Embedding" for each in consumers(graph, source)
                )
                repair = Repair("set input dtype int32", "dtype", place_of(model, source), value="int32")
                repair = repair if only else None
            else:
                report = checked.tensor(source, model) if checked else None
                dtype = report.dtype if report else ""
            if dtype.startswith(("float", "bfloat")):
                what = f"Embedding looks up whole numbers, gets {dtype} from {node_name(graph, node_of(source))}"
                hint = "fractions are cut off; give it whole numbers"
                yield Problem("warning", "build", place_of(model, key), what, hint, repair)


def _outward(project: Project, problems: Sequence[Problem]) -> Iterator[Problem]:
    """Yield the first error inside each model once more for each layer that is this model, up to the outermost."""
    first: dict[str, Problem] = {}
    for problem in problems:
        model = split_place(problem.subject)[0]
        if problem.stage == "build" and problem.severity == "error" and model in project.models:
            first.setdefault(model, problem)
    told = {problem.subject for problem in problems if problem.severity == "error"}
    waiting = list(first)
    while waiting:
        model = waiting.pop(0)
        graph, problem = project.models[model], first[model]
        inner = split_place(problem.subject)[1]
        where = f"{node_name(graph, inner)}: " if inner else ""
        what = problem.what if problem.what.startswith("inside: ") else f"inside: {where}{problem.what}"
        for outer, around in {"": project.graph, **project.models}.items():
            for key, held in models_of(around):
                place = place_of(outer, key)
                if held != model or place in told:
                    continue
                told.add(place)
                found = Problem("error", "build", place, what, "open it with enter", problem.repair)
                yield found
                if outer and outer not in first:
                    first[outer] = found
                    waiting.append(outer)
