"""Find what stops a run, or makes it doubtful, in the data and in how it is bound to the graph."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from kerastui.engine.data.binding import Binding, Shape, encoded_shapes, fitted, shape_text
from kerastui.engine.data.profile import ColumnProfile
from kerastui.engine.data.split import CATEGORICAL, empty_part, stratified_by
from kerastui.engine.project.document import Column, Data, Graph
from kerastui.engine.project.problems import Problem, Repair, Severity

RARE = 0.5
"""A class with less than this share of the rows of the most common one is called rare."""


NO_SOURCE = ("no data source is chosen", "Open a file or choose one of the bundled data sets.")

NO_TARGET = "no column is the target"


def check_data(profiles: Sequence[ColumnProfile], data: Data, graph: Graph) -> list[Problem]:
    """Return what is wrong with the data, errors first.

    How targets fit outputs and losses needs the shapes of the outputs: that is `project.checks.check_targets`.

    Args:
        profiles: What `profile` returned; empty where the source could not be read, which is its own message.
        data: Source, columns and split of the project.
        graph: The network the data is bound to.

    Example:
        >>> found = profile(read_table("bundled:iris", Path()))
        >>> graph = Graph({"x": Input((5,))}, outputs={"y": "x"})
        >>> [problem.what for problem in check_data(found, Data("bundled:iris", suggest(found)), graph)]
        ['`x` takes (∅, 5), 4 numbers give (∅, 4)']
    """
    shapes: dict[str, Shape] = {name: each.shape for name, each in graph.inputs.items()}
    order: tuple[Severity, ...] = ("error", "warning", "note")
    problems = check_columns(profiles, data, shapes, graph.outputs)
    return sorted(problems, key=lambda problem: order.index(problem.severity))


def check_columns(
    profiles: Sequence[ColumnProfile], data: Data, inputs: Mapping[str, Shape], outputs: Iterable[str]
) -> list[Problem]:
    """Return what is wrong with columns, split and binding, given the graph's inputs and outputs alone.

    Args:
        profiles: What `profile` returned.
        data: Source, columns and split.
        inputs: Shape of each graph input without the batch axis, by id.
        outputs: Names of the graph's outputs.
    """
    if not data.source:
        return [_problem("error", "", *NO_SOURCE)]
    if not profiles:
        return []
    known = {each.name: each for each in profiles}
    problems = [*_roles(known, data)]
    for name, column in data.columns.items():
        if name in known and column.role != "ignore":
            problems += _column(known[name], column)
    return [*problems, *_classes(known, data), *_split(known, data), *_bindings(profiles, data, inputs, [*outputs])]


def _problem(severity: Severity, subject: str, what: str, hint: str, repair: Repair | None = None) -> Problem:
    return Problem(severity, "data", subject, what, hint, repair)


def _roles(known: Mapping[str, ColumnProfile], data: Data) -> Iterator[Problem]:
    for name, column in data.columns.items():
        if name not in known and column.role != "ignore":
            hint = "Choose the file it is in, or take the columns of this one."
            yield _problem("error", name, f"the data has no column `{name}`", hint)
    roles = [column.role for column in data.columns.values()]
    if "input" not in roles:
        yield _problem("error", "", "no column is an input", "Give at least one column the role input.")
    if "target" not in roles:
        yield _problem("error", "", NO_TARGET, "Give the column to predict the role target.")
    if roles.count("weight") > 1:
        names = [name for name, column in data.columns.items() if column.role == "weight"]
        what = f"{' and '.join(f'`{name}`' for name in names)} are both sample weights"
        yield _problem("error", names[1], what, "Keep one of them, ignore the other.")
    new = [name for name in known if name not in data.columns]
    if new and data.columns:
        what = f"{', '.join(f'`{name}`' for name in new)} is in the data and not used"
        yield _problem("note", new[0], what, "Give it a role if it should be.")


def _column(found: ColumnProfile, column: Column) -> Iterator[Problem]:
    name = found.name
    categorical = column.encoding in CATEGORICAL and column.role != "weight"
    if found.type == "array" and (categorical or column.role == "weight"):
        what = f"`{name}` holds arrays of shape {shape_text(found.shape)}, {column.encoding} needs single values"
        yield _problem("error", name, what, "Choose scale, standardise or none.")
    if not categorical and found.first_text:
        row, value = found.first_text
        what = f"`{name}` is used as numbers, row {row + 1} has the text `{_short(value)}`"
        hint = "Choose one-hot or label, or ignore the column."
        if found.mostly_numeric:
            others = found.rows - found.missing - found.numeric - 1
            more = f" and the {others} like it" if others else ""
            hint = f"Correct the value{more} in the file or leave it empty, or choose one-hot."
        yield _problem("error", name, what, hint)
    if not categorical and found.type == "text" and not found.first_text:  # read as text, although all are numbers
        yield _problem("error", name, f"`{name}` was stored as text", "Save it as numbers, or choose one-hot.")
    if found.infinite:
        what = f"`{name}` has infinite or too large values in {_rows(found.infinite)}"
        yield _problem("error", name, what, "Correct them in the file or leave them empty.")
    if column.role == "weight" and found.minimum is not None and found.minimum < 0:
        what = f"`{name}` is the sample weight and goes down to {found.minimum:g}"
        yield _problem("error", name, what, "Weights of 0 and above are needed.")
    yield from _missing(found, column, categorical)


def _missing(found: ColumnProfile, column: Column, categorical: bool) -> Iterator[Problem]:
    name, missing = found.name, column.missing
    choices = "most-frequent, category or drop" if categorical else "mean, median, zero or drop"
    if column.role == "target":
        choices = "drop"
    if not found.missing:
        return
    if found.missing == found.rows:
        yield _problem("error", name, f"`{name}` has no values", "Ignore the column.")
    elif missing == "error":
        what = f"`{name}` is missing in {_rows(found.missing)}"
        yield _problem("error", name, what, f"Choose what a missing value becomes: {choices}.")
    elif column.role == "target" and missing != "drop":
        what = f"`{name}` is the target, a missing value cannot become `{missing}`"
        yield _problem("error", name, what, "Choose drop: there is nothing to learn from those rows.")
    elif missing in (("mean", "median", "zero") if categorical else ("category",)):
        what = (
            f"`{name}` is encoded as {'classes' if categorical else 'numbers'}, a missing value cannot be `{missing}`"
        )
        yield _problem("error", name, what, f"Choose {choices}.")


def _classes(known: Mapping[str, ColumnProfile], data: Data) -> Iterator[Problem]:
    for name, column in data.columns.items():
        if column.role != "target" or name not in known or known[name].type == "array":
            continue
        found = known[name]
        if found.distinct == 1:
            what = f"the target `{name}` has one value only, `{_short(found.classes[0][0])}`"
            yield _problem("error", name, what, "Choose another target, or add rows of another class.")
        elif column.encoding in CATEGORICAL and found.distinct > 1:
            yield from _rare_classes(found, stratified_by(data) == name)


def _rare_classes(found: ColumnProfile, stratified: bool) -> Iterator[Problem]:
    if found.distinct * 2 > found.rows - found.missing:
        what = f"the target `{found.name}` has {found.distinct:,} classes in {found.rows:,} rows"
        yield _problem("warning", found.name, what, "Choose the encoding none to predict a number, or another target.")
        return
    if found.singles and stratified:
        what = f"`{found.name}` has {found.singles:,} {'class' if found.singles == 1 else 'classes'} with a single row"
        hint = "It can be in one part only: add rows, merge it with another class, or drop it."
        yield _problem("warning", found.name, what, hint)
    rarest, count = found.classes[-1]
    if found.distinct == len(found.classes) and 1 < count < RARE * found.classes[0][1]:
        share = count / (found.rows - found.missing)
        yield _problem(
            "note", found.name, f"`{_short(rarest)}` is rare, {100 * share:.0f} % of the rows", "Weight the classes."
        )


def _split(known: Mapping[str, ColumnProfile], data: Data) -> Iterator[Problem]:
    # How far the rows dropped for several columns overlap is not known here: the fewest possible are taken.
    dropped = [
        known[name].missing
        for name, column in data.columns.items()
        if name in known and column.role != "ignore" and column.missing == "drop"
    ]
    rows = next(iter(known.values())).rows - max(dropped, default=0)
    reason = empty_part(rows, data.split)
    if reason:
        yield _problem("error", "", reason, "Change the shares, or keep more rows.")


def _bindings(
    profiles: Sequence[ColumnProfile], data: Data, inputs: Mapping[str, Shape], outputs: list[str]
) -> Iterator[Problem]:
    bound = encoded_shapes(profiles, data, inputs, outputs)
    for (role, to), binding in bound.items():
        ports, kind = (inputs, "input") if role == "input" else (outputs, "output")
        if to not in ports and ports:
            what = f"`{binding.columns[0]}` is bound to `{to}`, the graph has no such {kind}"
            yield _problem("error", binding.columns[0], what, f"Bind it to {', '.join(ports)}.")
        elif binding.shape is None:
            what = f"{binding.label} cannot be put together for `{to}`: only single numbers and vectors can"
            yield _problem("error", binding.columns[0], what, f"Bind each to an {kind} of its own.")
        elif role == "input" and to in inputs:
            yield from _fit(binding, binding.shape, inputs[to])
    for name in inputs:
        if ("input", name) not in bound:
            yield _problem("error", name, f"no column is bound to the input `{name}`", "Bind one, or delete the input.")
    if any(role == "target" for role, _ in bound):
        for name in outputs:
            if ("target", name) not in bound:
                what = f"no target is bound to the output `{name}`"
                yield _problem("error", name, what, "Bind a target column to it, or make it no output in Build.")


def _fit(binding: Binding, shape: tuple[int, ...], wanted: Shape) -> Iterator[Problem]:
    if fitted(shape, wanted) is None:
        verb = "gives" if len(binding.columns) == 1 else "give"
        given = shape_text((None, *shape))
        what = f"`{binding.to}` takes {shape_text((None, *wanted))}, {binding.label} {verb} {given}"
        hint = f"Make the shape of the input {shape_text(shape)}, or change the columns."
        repair = Repair(f"set input shape {shape_text(shape)}", "shape", binding.to, value=shape)
        yield _problem("error", binding.to, what, hint, repair)


def _rows(count: int) -> str:
    return "1 row" if count == 1 else f"{count:,} rows"


def _short(text: str) -> str:
    return text if len(text) <= 30 else f"{text[:29]}…"
