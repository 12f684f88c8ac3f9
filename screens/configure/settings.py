"""The plain settings of a run, numbers and switches, described as the catalog describes arguments."""

from __future__ import annotations

from typing import Final, Literal, TypeAlias

import msgspec
from msgspec.structs import replace

from kerastui.engine.catalog.catalog import Argument, catalog
from kerastui.engine.catalog.values import parse_value
from kerastui.engine.project import settings
from kerastui.engine.project.document import Compile, Fit, Project, Split, Value

Section: TypeAlias = Literal["compile", "fit", "split", "weight"]

JIT: Final = {"auto": "auto", "on": True, "off": False}
"""Values of `jit_compile` by the words they are chosen by."""


KERAS_MODEL: Final = "Model"
"""Word for the model of Keras, where the project's own code has classes of models too."""


class Setting(msgspec.Struct, frozen=True):
    """Describe a setting.

    Args:
        section: Part of the document it stands in; `"weight"` is the weight of an output's loss.
        argument: Name, type, default, least value and help.
        output: Name of the output a weight is for.
    """

    section: Section
    argument: Argument
    output: str = ""

    @property
    def key(self) -> str:
        """Key of its field."""
        return f"{self.section}/{self.output or self.argument.name}"

    def read(self, project: Project) -> Value:
        """Return its value."""
        name = self.argument.name
        if self.section == "weight":
            return project.compile.loss_weights.get(self.output, 1.0)
        holder = {"compile": project.compile, "fit": project.fit, "split": project.data.split}[self.section]
        value: Value = getattr(holder, name)
        if name == "jit_compile":
            return next(word for word, meant in JIT.items() if meant is value or meant == value)
        return (value or KERAS_MODEL) if name == "model" else value

    def write(self, project: Project, value: Value) -> Project:
        """Return the project with another value.

        Raises:
            EditError: The document does not take it.
        """
        name = self.argument.name
        if self.section == "weight":
            weights = {key: item for key, item in project.compile.loss_weights.items() if key != self.output}
            weights |= {self.output: value} if value != self.argument.default and isinstance(value, float) else {}
            return settings.set_compile(project, loss_weights=weights)
        if self.section == "split":
            return settings.set_split(project, replace(project.data.split, **{name: value}))
        if self.section == "fit":
            return settings.set_fit(project, **{name: value})
        if name == "model":
            return settings.set_compile(project, model="" if value == KERAS_MODEL else value)
        return settings.set_compile(project, **{name: JIT[str(value)] if name == "jit_compile" else value})

    def parse(self, given: str | bool) -> Value:
        """Read what was entered.

        Raises:
            ValueError: It is no value of the setting; the message says what it takes.
        """
        if self.argument.name == "model":
            names = (KERAS_MODEL, *(entry.name for entry in catalog().of("model")))
            return parse_value(replace(self.argument, choices=names), str(given))
        return given if isinstance(given, bool) else parse_value(self.argument, given)


def _compile(name: str, type_: Literal["int", "choice", "bool"], text: str, choices: tuple[str, ...] = ()) -> Setting:
    default = getattr(Compile(), name)
    least = 1 if type_ == "int" else None
    return Setting("compile", Argument(name, type_, default=default, choices=choices, minimum=least, help=text))


def _fit(name: str, type_: Literal["int", "bool"], text: str, least: int | None = 1, nullable: bool = False) -> Setting:
    argument = Argument(name, type_, default=getattr(Fit(), name), nullable=nullable, minimum=least, help=text)
    return Setting("fit", argument)


EPOCHS: Final = _fit("epochs", "int", "How often the model sees the whole training part.")
BATCH_SIZE: Final = _fit(
    "batch_size",
    "int",
    "Samples in one step. The gradient of a step is the mean over them: larger batches give smoother and fewer steps, "
    "and take more memory.",
)
SHUFFLE: Final = _fit(
    "shuffle", "bool", "Shuffle the training part before each epoch, so that no two epochs have the same batches.", None
)
EVERY: Final = _fit("validation_freq", "int", "Validate after every so many epochs.")
SEED: Final = _fit(
    "seed",
    "int",
    "Seed of the first weights, of shuffling and of dropout: the same seed gives the same start. `none` takes a new "
    "one for each run. The split has a seed of its own, in Data.",
    0,
    nullable=True,
)
SHARE: Final = Setting(
    "split",
    Argument(
        "validation",
        "float",
        default=Split().validation,
        minimum=0,
        help="Share of the rows that are kept from training, to validate with: from 0, which is no validation, to "
        "below 1. It is the same number as in the split of Data.",
    ),
)
JIT_COMPILE: Final = _compile(
    "jit_compile",
    "choice",
    "Compile the model with XLA. `auto` lets Keras decide: it is on where the model and the device support it.",
    tuple(JIT),
)
STEPS: Final = _compile(
    "steps_per_execution",
    "int",
    "Batches that run in one call of the compiled function. More of them save time for small models on a fast device; "
    "progress and pause then come only once a call.",
)
EAGERLY: Final = _compile(
    "run_eagerly",
    "bool",
    "Run layer by layer in Python instead of as one compiled function: far slower, for looking for errors.",
)
MODEL: Final = Setting(
    "compile",
    Argument(
        "model",
        "choice",
        default=KERAS_MODEL,
        choices=(KERAS_MODEL,),
        help="What the whole model is made as: a class of the project's own code that derives from "
        "`kerastui.engine.Model`, with a train step of its own say. It may do without losses.",
    ),
)

SETTINGS: Final = {
    setting.key: setting
    for setting in (EPOCHS, BATCH_SIZE, SHUFFLE, EVERY, SEED, SHARE, JIT_COMPILE, STEPS, EAGERLY, MODEL)
}
"""All settings that stand once in a project, by key."""


def loss_weight(output: str) -> Setting:
    """Return the setting of the weight of an output's loss.

    Args:
        output: Name of the output.
    """
    text = "Weight of this output's loss in the sum that is minimised."
    return Setting("weight", Argument("loss_weight", "float", default=1.0, help=text), output)


def setting_of(key: str) -> Setting | None:
    """Return the setting of a field's key, `None` if it is another field."""
    section, _, output = key.partition("/")
    return loss_weight(output) if section == "weight" else SETTINGS.get(key)
