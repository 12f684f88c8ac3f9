"""Keras 3 with this project's models in the place of Keras's own, and the names of Keras 2 that it dropped.

A script for Keras becomes ours by changing its import line, `import keras`, to `from kerastui.engine import keras`.
Every way to import works: `from kerastui.engine.keras import layers`, `from kerastui.engine.keras.layers import Dense`,
`import kerastui.engine.keras.models`. What is ours is the table in `_ours.py`; all else is Keras's, the same objects.

Example:
    >>> from kerastui.engine import keras
    >>> model = keras.Sequential([keras.Input((64,)), keras.layers.Dense(10)])
    >>> type(model).__module__
    'kerastui.engine.models.sequential'
"""

from kerastui.engine.keras import _mirror

_mirror.fill(__name__)
