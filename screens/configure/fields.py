"""The rows of the two forms: what `Model.compile` takes, and what `Model.fit` takes."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Final

from msgspec.structs import replace

from kerastui.engine.catalog.catalog import Argument, Entry, Kind, catalog
from kerastui.engine.catalog.check import check_value, takes
from kerastui.engine.catalog.values import format_value
from kerastui.engine.project.document import Compile, Spec, Value
from kerastui.engine.project.problems import Problem
from kerastui.screens.configure import settings
from kerastui.screens.configure.edits import SCHEDULE
from kerastui.screens.configure.facts import Facts
from kerastui.screens.configure.settings import Setting
from kerastui.screens.configure.slots import Slot
from kerastui.screens.widgets import words
from kerastui.screens.widgets.argument_fields import NONE, fields_of
from kerastui.screens.widgets.choose import Choice
from kerastui.screens.widgets.form import Field, FormRow, Heading, Note, Rule
from kerastui.screens.widgets.glyphs import glyphs

MORE: Final = "more:"
"""What the key of a row that shows further arguments begins with; the rest is the key of their owner."""

ADD_METRIC: Final = "add-metric:"
"""What the key of a row that adds a metric begins with; the rest is the name of the output."""

ADD_CALLBACK: Final = "add-callback"

USED: Final = frozenset({"learning_rate", "weight_decay", "momentum", "nesterov", "clipnorm", "inner_optimizer"})
"""Arguments of optimizers that are shown although they are at their default."""

SELDOM: Final = frozenset(
    {"reduction", "dtype", "axis", "ignore_class", "num_thresholds", "summation_method", "from_sorted_ids"}
    | {"num_labels", "label_weights", "multi_label", "sparse_y_true", "sparse_y_pred", "remove_diagonal"}
)
"""Arguments of losses and metrics that are shown only where they are set, or asked for."""

SELDOM_IN_SCHEDULES: Final = frozenset({"warmup_target", "warmup_steps", "t_mul", "m_mul", "cycle"})
"""The same of schedules."""

SHORT: Final = {"initial_learning_rate": "initial", "end_learning_rate": "end", "restore_best_weights": "best"}
"""Words for arguments under what they belong to, where their names are long."""

LEGEND: Final = "differs from the default"

_STEPS: Final = ("decay_steps", "first_decay_steps", "warmup_steps")

_LOSS_HELP: Final = (
    "What training makes small: it compares this output with its target. Which one fits depends on the target: "
    "integer labels take `SparseCategoricalCrossentropy`, one-hot targets `CategoricalCrossentropy`, two classes "
    "from one unit `BinaryCrossentropy`, numbers `MeanSquaredError`."
)
_METRICS_HELP: Final = (
    "A figure that is shown beside the loss, for training and validation; it does not change the training. "
    "`enter` puts another one in its place, `del` takes it away."
)
_CALLBACK_HELP: Final = "`enter` shows its arguments, `del` takes it away."


# compile ------------------------------------------------------------------------------------------------------------


def compile_rows(facts: Facts, unfolded: Collection[str]) -> list[FormRow]:
    """Return the rows of what `Model.compile` takes.

    Args:
        facts: What is known.
        unfolded: Keys of the `more` rows that are open.
    """
    rows = [*_optimizer(facts, unfolded), Heading("outputs", "outputs", words.count(len(facts.outputs)))]
    for name in facts.outputs:
        rows += _output(facts, name, unfolded)
    if not facts.outputs:
        rows.append(Note("the graph has no output yet: Build", indent=1))
    if catalog().of("model") or facts.project.compile.model:
        rows += [Heading("model", "model"), _model(facts)]
    rows.append(Heading("speed", "speed"))
    rows += [_setting(facts, setting) for setting in (settings.JIT_COMPILE, settings.STEPS, settings.EAGERLY)]
    return rows


def _optimizer(facts: Facts, unfolded: Collection[str]) -> Iterator[FormRow]:
    spec, slot = facts.project.compile.optimizer, Slot("optimizer")
    changed = spec.class_name != Compile().optimizer.class_name
    yield Heading("optimizer", "optimizer")
    yield _class_field(slot, spec, "optimizer", 1, changed)
    entry = catalog().get("optimizer", spec.class_name)
    if entry is None:
        return
    shown = [each for each in entry.arguments if each.required or each.name in spec.config or each.name in USED]
    rest = [each for each in entry.arguments if each not in shown]
    every, hidden = MORE + slot.key in unfolded, len(rest)
    for argument in shown:
        fields = list(_argument(facts, slot, entry, spec, argument, 1))
        back = [each for each in fields if _stands_back(each)]
        hidden += len(back)
        yield from (each for each in fields if every or each not in back)
    if hidden:
        yield _more(slot.key, hidden, unfolded, 1)
    for argument in rest if every else ():
        yield from _argument(facts, slot, entry, spec, argument, 1)


def _model(facts: Facts) -> Field:
    """Return the field of the class that the model is made as."""
    field = _setting(facts, settings.MODEL)
    value = facts.project.compile.model
    entry = catalog().get("model", value)
    choices = (Choice(settings.KERAS_MODEL, summary="the train step of Keras"), *kind_choices("model"))
    wrong = "" if not value or entry else "not in the project's code"
    return replace(field, label="made as", choices=choices, problem=wrong, help=_help(entry, field.help))


def _stands_back(field: Field) -> bool:
    """Tell whether a field is an argument of a schedule that is seldom set, at its default."""
    return field.label in SELDOM_IN_SCHEDULES and not field.changed


def _output(facts: Facts, name: str, unfolded: Collection[str]) -> list[FormRow]:
    """Return the rows of one output: loss, weight of the loss, metrics."""
    every = MORE + name in unfolded
    rows, hidden = [_title(facts, name)], 0
    loss = Slot("loss", name)
    spec = facts.project.compile.losses.get(name)
    rows.append(_loss(facts, loss, spec))
    found, hidden = _arguments(facts, loss, spec, every)
    rows += found
    if len(facts.outputs) > 1:
        rows.append(replace(_setting(facts, settings.loss_weight(name)), indent=2))
    for index, metric in enumerate(facts.project.compile.metrics.get(name, ())):
        slot = Slot("metric", name, index)
        rows.append(_class_field(slot, metric, "metric", 2, True, _METRICS_HELP))
        found, more = _arguments(facts, slot, metric, every)
        rows += found
        hidden += more
    rows.append(_add(ADD_METRIC + name, "add a metric", _METRICS_HELP, 2))
    if hidden:
        rows.append(_more(name, hidden, unfolded, 2))
    return rows


def _title(facts: Facts, name: str) -> FormRow:
    """Return the line that names an output, its shape and how it ends."""
    ending = facts.ending(name)
    shape = facts.shape(name)
    said = words.shape(shape) if shape else "waits for the engine" if facts.checked is None else "no shape yet"
    said += f"  ends in {ending}" if ending and ending != "linear" else "  no activation" if ending else ""
    return Note([(name, "text bold"), (f"  {said}", "muted")], indent=1)


def _loss(facts: Facts, slot: Slot, spec: Spec | None) -> Field:
    field = (
        Field(slot.key, "loss", "none", "choice", choices=kind_choices("loss"), indent=2, help=_LOSS_HELP)
        if spec is None
        else _class_field(slot, spec, "loss", 2, True, _LOSS_HELP)
    )
    named = [each for each in facts.about(slot.output) if each.repair is not None and each.repair.kind == "loss"]
    if spec is None:
        named = facts.about(slot.output)[:1]
    return _with_problem(field, named[0]) if named else field


def _arguments(facts: Facts, slot: Slot, spec: Spec | None, every: bool) -> tuple[list[Field], int]:
    """Return the fields of the arguments of a loss or metric, and how many stand back at their default."""
    entry = catalog().get(slot.kind, spec.class_name) if spec else None
    if spec is None or entry is None:
        return [], 0
    rest = [each for each in entry.arguments if each.name in SELDOM and each.name not in spec.config]
    rest = [each for each in rest if not each.required]
    shown = [each for each in entry.arguments if every or each not in rest]
    return [field for each in shown for field in _argument(facts, slot, entry, spec, each, 3)], len(rest)


# fit ----------------------------------------------------------------------------------------------------------------


def fit_rows(facts: Facts, unfolded: Collection[str]) -> list[FormRow]:
    """Return the rows of what `Model.fit` takes.

    Args:
        facts: What is known.
        unfolded: Keys of the callbacks whose arguments are shown.
    """
    steps, rows, fit = facts.steps_an_epoch, facts.rows, facts.project.fit
    epoch = f"{words.plural(steps, 'step')} an epoch" if steps else ""
    kept = words.plural(rows.validation, "row") if rows and rows.validation else ""
    every = replace(
        _setting(facts, settings.EVERY),
        label="every",
        value=words.plural(fit.validation_freq, "epoch"),
        raw=str(fit.validation_freq),
    )
    return [
        Heading("length", "length"),
        _setting(facts, settings.EPOCHS),
        _setting(facts, settings.BATCH_SIZE, epoch),
        _setting(facts, settings.SHUFFLE),
        Heading("validation", "validation"),
        replace(_setting(facts, settings.SHARE, kept), label="share of the rows"),
        every,
        Heading("callbacks", "callbacks", words.count(len(fit.callbacks)) if fit.callbacks else "none"),
        *_callbacks(facts, unfolded),
        Heading("reproducible", "reproducible"),
        _setting(facts, settings.SEED),
        Rule(),
        Note([(glyphs().changed, "primary"), (f" {LEGEND}", "muted")]),
    ]


def _callbacks(facts: Facts, unfolded: Collection[str]) -> Iterator[FormRow]:
    for index, spec in enumerate(facts.project.fit.callbacks):
        slot = Slot("callback", index=index)
        entry = catalog().get("callback", spec.class_name)
        opened = slot.key in unfolded
        mark = glyphs().unfolded if opened else glyphs().folded
        telling = "" if entry is None else _telling(entry, spec.config)
        said = _help(entry, f"{telling}\n\n{_CALLBACK_HELP}".strip())
        yield Field(slot.key, f"{mark} {spec.class_name}", telling, "action", changed=True, indent=1, help=said)
        if opened and entry is not None:
            for argument in entry.arguments:
                yield from _argument(facts, slot, entry, spec, argument, 2)
    yield _add(
        ADD_CALLBACK, "add a callback", "Something that acts while the model trains: stop early, keep the best.", 1
    )


def _telling(entry: Entry, config: Mapping[str, Value]) -> str:
    """Return the arguments that tell callbacks of a class apart: `val_loss · patience 10 · restore_best_weights`."""
    missing = [each.name for each in entry.arguments if each.required and each.name not in config]
    said = [f"{name} is missing" for name in missing]
    monitor = entry.argument("monitor")
    if monitor is not None:
        said.append(str(config.get("monitor", monitor.default)))
    for name, value in config.items():
        if name != "monitor":
            text = value if isinstance(value, str) else format_value(value)
            said.append(SHORT.get(name, name) if value is True else f"{name} {text}")
    return " · ".join(said)


# Fields -------------------------------------------------------------------------------------------------------------


def kind_choices(kind: Kind) -> tuple[Choice, ...]:
    """Return everything of a kind that Keras and the project's own code offer, with its help."""
    return _choices(kind, catalog().own)


@lru_cache(maxsize=32)
def _choices(kind: Kind, own: tuple[Entry, ...] | None) -> tuple[Choice, ...]:
    """Return what a kind offers while the project's own code gives some entries."""
    return tuple(Choice(entry.name, summary=entry.summary, help=_help(entry)) for entry in catalog().of(kind))


def _schedules() -> tuple[Choice, ...]:
    text = "one number from the first step to the last"
    return (Choice(NONE, summary=text, help=text), *kind_choices("schedule"))


def _help(entry: Entry | None, before: str = "") -> str:
    return "\n\n".join(text for text in (before, entry.summary, entry.help) if text) if entry else before


def _setting(facts: Facts, setting: Setting, aside: str = "") -> Field:
    """Return the field of a plain setting."""
    value, argument = setting.read(facts.project), setting.argument
    config = {} if value == argument.default else {argument.name: value}
    field = next(fields_of(argument, config, {}))
    return replace(field, key=setting.key, indent=1, aside=aside)


def _class_field(slot: Slot, spec: Spec, label: str, indent: int, changed: bool, text: str = "") -> Field:
    """Return the field of an object's class."""
    entry = catalog().get(slot.kind, spec.class_name)
    return Field(
        slot.key,
        label,
        spec.class_name,
        "choice",
        changed=changed,
        indent=indent,
        choices=kind_choices(slot.kind),
        problem="" if entry else "not in this Keras",
        help=_help(entry, text),
        raw=entry.name if entry else spec.class_name,
    )


def _argument(facts: Facts, slot: Slot, entry: Entry, spec: Spec, argument: Argument, indent: int) -> Iterator[Field]:
    """Yield the field of an argument of an object, and those of the object in it."""
    prefix = f"{slot.key}/"
    wrong = {f"{prefix}{path}": (text, "") for path, text in _wrong(entry, spec.config).items()}
    fields = list(fields_of(argument, spec.config, wrong, indent=indent, path=prefix))
    if argument.type == "schedule-or-float":
        fields = _with_schedule(fields, spec.config.get(argument.name), indent)
    for field in fields:
        aside = _epochs(facts, field) if field.label in _STEPS else ""
        label = SHORT.get(field.label, field.label) if field.indent > indent else field.label
        yield _repaired(facts, slot, replace(field, label=label, aside=aside))


def _with_schedule(fields: list[Field], value: Value, indent: int) -> list[Field]:
    """Let a schedule be chosen: in the place of the number, or under it."""
    first, rest = fields[0], fields[1:]
    if isinstance(value, Spec):
        return [replace(first, kind="choice", choices=_schedules(), raw=value.class_name), *rest]
    text = (
        "Change the learning rate while the model trains. A schedule starts from the number above; its arguments "
        "then stand here."
    )
    key = f"{first.key}.{SCHEDULE}"
    return [first, Field(key, "schedule", NONE, "choice", indent=indent + 1, choices=_schedules(), help=text)]


def _epochs(facts: Facts, field: Field) -> str:
    """Return what a number of steps comes to in epochs."""
    steps = facts.steps_an_epoch
    if not steps or not field.edit_text.isdigit() or not int(field.edit_text):
        return ""
    epochs, rest = divmod(int(field.edit_text), steps)
    return f"≈ {int(field.edit_text) / steps:.1f} epochs" if rest else f"= {words.plural(epochs, 'epoch')}"


def _wrong(entry: Entry, config: Mapping[str, Value], path: str = "") -> dict[str, str]:
    """Return what is wrong with arguments, by path; of an object in one of them, what is wrong inside."""
    found: dict[str, str] = {}
    for argument in entry.arguments:
        name = f"{path}{argument.name}"
        value = config.get(argument.name)
        inner = catalog().get("schedule", value.class_name) if isinstance(value, Spec) else None
        if argument.name not in config:
            found |= {name: f"takes {takes(argument)}"} if argument.required else {}
        elif argument.type == "schedule-or-float" and isinstance(value, Spec) and inner is not None:
            found |= _wrong(inner, value.config, f"{name}.")
        elif problem := check_value(argument, value):
            found[name] = problem
    return found


def _repaired(facts: Facts, slot: Slot, field: Field) -> Field:
    """Give a field the problem whose repair sets it."""
    problem = problem_of(facts.problems, field.key) if slot.kind == "loss" else None
    return _with_problem(field, problem) if problem else field


def problem_of(problems: Sequence[Problem], key: str) -> Problem | None:
    """Return the problem whose repair sets a field, `None` if there is none.

    Args:
        problems: Problems of this stage.
        key: Key of the field.
    """
    slot, path = Slot.of(key), key.partition("/")[2]
    if slot is None or slot.kind != "loss":
        return None
    wanted = "loss-argument" if path else "loss"
    for problem in problems:
        repair = problem.repair
        if repair and repair.kind == wanted and repair.target == slot.output and repair.name == path:
            return problem
    return None


def _with_problem(field: Field, problem: Problem) -> Field:
    """Put a problem and its repair behind a field's value."""
    words_of = problem.repair.label if problem.repair else ""
    if problem.repair is not None and isinstance(problem.repair.value, bool):
        words_of = "turn on" if problem.repair.value else "turn off"
    severity = "error" if problem.severity == "error" else "warning"
    return replace(field, problem=problem.what, severity=severity, repair=words_of)


def _more(owner: str, number: int, unfolded: Collection[str], indent: int) -> Field:
    """Return the row that shows the arguments that stand back, or hides them."""
    opened = MORE + owner in unfolded
    label = (
        f"{glyphs().unfolded} {number} at their default"
        if opened
        else f"{glyphs().folded} {number} more at their default"
    )
    return Field(MORE + owner, label, kind="action", indent=indent, help="Arguments that are seldom changed.")


def _add(key: str, label: str, text: str, indent: int) -> Field:
    return Field(key, f"+ {label}", kind="action", indent=indent, help=text)
