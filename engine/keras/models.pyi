# For type checkers. The module itself is made when the package is imported, as all modules of the namespace are.

from kerastui.engine.keras._ours import model_from_json as model_from_json
from kerastui.engine.keras._ours import model_from_yaml as model_from_yaml
from kerastui.engine.keras._ours import save_model as save_model
from kerastui.engine.models.cloning import clone_model as clone_model
from kerastui.engine.models.inputs import Input as Input
from kerastui.engine.models.model import Functional as Functional
from kerastui.engine.models.model import Model as Model
from kerastui.engine.models.sequential import Sequential as Sequential
from kerastui.engine.saving.loading import load_model as load_model
