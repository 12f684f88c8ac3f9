# For type checkers: what is ours has types. Keras ships none, so the rest, modules included, is `Any`.

from typing import Any

from kerastui.engine.keras import models as models
from kerastui.engine.models.inputs import Input as Input
from kerastui.engine.models.model import Functional as Functional
from kerastui.engine.models.model import Model as Model
from kerastui.engine.models.sequential import Sequential as Sequential

__version__: str

def __getattr__(name: str) -> Any: ...
