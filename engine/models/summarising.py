"""What a model says of itself: its summary as text or as a table, and a drawing of its graph."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from kerastui.engine.models.plot import dot_text, drawing
from kerastui.engine.models.summary import print_lines, summary_lines

if TYPE_CHECKING:
    from rich.console import Group


class Summarising:
    """Mixin for models: `summary` as Keras has it since 2.3, and the same as values."""

    def summary(
        self,
        line_length: int | None = None,
        positions: Sequence[float] | None = None,
        print_fn: Callable[[str], Any] | None = None,
        expand_nested: bool = False,
        show_trainable: bool = False,
        layer_range: Sequence[str] | None = None,
    ) -> None:
        """Print the layers with their shapes and numbers of parameters, and the totals.

        A terminal gets a table as wide as it is, in colours unless the environment variable `NO_COLOR` is set. A file,
        a `print_fn`, and a call with `line_length` or `positions` get plain lines.

        Args:
            line_length: Width of a line, in terminal cells. Defaults to `None`: 65, or 98 for a graph. The column
                `Trainable` adds 11.
            positions: Where each column ends: parts of the line if the last is at most 1, else cells. Defaults to
                `None`: `[.45, .85, 1.]`, or `[.3, .6, .7, 1.]` for a graph, which has the column `Connected to`.
            print_fn: Called with each line. Defaults to `None`: the standard output.
            expand_nested: Whether to list the layers of nested models. Defaults to False.
            show_trainable: Whether to add a column with `Y` or `N`. Defaults to False.
            layer_range: First and last layer to list, each a name or a regular expression that the beginning of a name
                matches: from the first match of the one to the last match of the other. The totals are those of the
                whole model. Defaults to `None`: all layers.

        Raises:
            ValueError: If the model is not built, or an argument is none of these.

        Example:
            >>> model.summary(line_length=80)  # doctest: +SKIP
        """
        if print_fn is None and line_length is None and positions is None and sys.stdout.isatty():
            from kerastui.engine.models.summary_rich import print_summary

            print_summary(self.summary_rich(expand_nested, show_trainable, layer_range))
            return
        lines = summary_lines(self, line_length, positions, expand_nested, show_trainable, layer_range)
        print_lines(lines, print_fn)

    def summary_text(self, **options: Any) -> str:
        """Return the plain summary as one text.

        Args:
            **options: As for `summary`, without `print_fn`.

        Returns:
            The lines, joined.

        Raises:
            ValueError: As `summary` does.

        Example:
            >>> "Total params" in model.summary_text()  # doctest: +SKIP
            True
        """
        return "\n".join(summary_lines(self, **options))

    def summary_rich(
        self, expand_nested: bool = False, show_trainable: bool = False, layer_range: Sequence[str] | None = None
    ) -> Group:
        """Return the summary as what `rich` prints and a Textual `Static` shows.

        Args:
            expand_nested: Whether to list the layers of nested models, indented. Defaults to False.
            show_trainable: Whether to add a column with `Y` or `N`. Defaults to False.
            layer_range: As for `summary`. Defaults to `None`: all layers.

        Returns:
            Title, table and totals.

        Raises:
            ValueError: As `summary` does.
        """
        from kerastui.engine.models.summary_rich import summary_renderable

        return summary_renderable(self, expand_nested, show_trainable, layer_range)

    def plot_text(self, width: int = 80, expand_nested: bool = False) -> str:
        """Draw the graph of the model with box-drawing characters: a card for each call of a layer, lines between.

        Args:
            width: Terminal columns at most. A graph with many branches side by side may need more. Defaults to 80.
            expand_nested: Whether cards of nested models hold the drawing of what is inside. Defaults to False.

        Returns:
            The drawing. A subclass that is no graph gives its layers, without lines between them.

        Raises:
            ValueError: If the model is not built, or `width` is less than 20.

        Example:
            >>> print(model.plot_text())  # doctest: +SKIP
        """
        return "\n".join(drawing(self, width, expand_nested))

    def plot_dot(self) -> str:
        """Write the graph of the model in Graphviz's language.

        Returns:
            The text of a `.dot` file.

        Raises:
            ValueError: If the model is not built.

        Example:
            >>> Path("model.dot").write_text(model.plot_dot())  # doctest: +SKIP
        """
        return dot_text(self)
