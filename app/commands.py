"""The command palette: one table of what can be done, shown and searched alike."""

from __future__ import annotations

from typing import NamedTuple

from textual.command import DiscoveryHit, Hit, Hits, Provider

from kerastui.screens.stage import STAGES
from kerastui.themes import NAMES


class Command(NamedTuple):
    """Describe a command.

    Args:
        title: `group: verb object`.
        action: The action it runs, with its namespace.
        help: What it does, one line.
    """

    title: str
    action: str
    help: str


COMMANDS = (
    Command("project: save", "app.save", "write kerastui.toml"),
    Command("project: undo", "app.undo", "take the last edit back"),
    Command("project: redo", "app.redo", "do it again"),
    Command("project: trust this project", "app.trust", "run its own code, which came from elsewhere; asks first"),
    Command("project: copy as code", "app.copy_code", "Python that runs with Keras alone"),
    Command("project: save a picture", "app.picture", "graph.svg in the project's folder"),
    Command("project: back to Home", "app.home", "open or make another project"),
    *(
        Command(f"go to: {name}", f"app.stage({number})", f"show the {name.lower()} stage")
        for number, name in enumerate(STAGES, 1)
    ),
    Command("go to: next problem", "screen.next_problem", "on whatever stage it is"),
    Command("run: train", "app.train", "save the project and start a run"),
    Command("run: stop", "app.stop", "end the run and keep the model"),
    Command("engine: start a new one", "app.restart_engine", "in place of one that ended"),
    Command("engine: show the log", "app.log", "what TensorFlow and the engine wrote"),
    *(Command(f"theme: {name}", f"app.theme('{name}')", "for this and later sessions") for name in NAMES),
    Command("glyphs: plain ASCII", "app.glyphs('ascii')", "from the next start on"),
    Command("glyphs: all", "app.glyphs('all')", "from the next start on"),
    Command("help: keys", "app.keys", "all keys of what has the focus"),
    Command("help: explain", "app.help", "what has the focus, and how to use it"),
    Command("app: quit", "app.leave", "asks where something could be lost"),
)


_MOVING = {"lines", "rows", "dialog"}
"""Groups of keys that move a cursor, fold and close."""


class Commands(Provider):
    """Offer the table, then every key binding that is live on the screen."""

    async def discover(self) -> Hits:
        """Yield every command that can be run now."""
        for command in self._live():
            yield DiscoveryHit(command.title, lambda command=command: self._run(command), help=command.help)

    async def search(self, query: str) -> Hits:
        """Yield the commands that match what was typed."""
        matcher = self.matcher(query)
        for command in self._live():
            score = matcher.match(command.title)
            if score > 0:
                title = matcher.highlight(command.title)
                yield Hit(score, title, lambda command=command: self._run(command), help=command.help)

    def _live(self) -> list[Command]:
        own = {command.action for command in COMMANDS}
        found = [command for command in COMMANDS if self._enabled(command.action)]
        for key in self.screen.active_bindings.values():
            binding = key.binding
            name = binding.action if "." in binding.action else f"{_namespace(key.node)}.{binding.action}"
            group = (binding.id or "").split(".")[0]
            if key.enabled and binding.description and group and group not in _MOVING and name not in own:
                own.add(name)
                title = f"{group}: {binding.description}"
                found.append(Command(title, binding.action, binding.tooltip or f"key {binding.key}"))
        return found

    def _enabled(self, action: str) -> bool:
        from textual.actions import parse

        namespace, name, parameters = parse(action)
        target = self.app if namespace == "app" else self.screen
        return hasattr(target, f"action_{name}") and bool(target.check_action(name, parameters))

    async def _run(self, command: Command) -> None:
        node = next(
            (key.node for key in self.screen.active_bindings.values() if key.binding.action == command.action),
            self.screen,
        )
        await self.app.run_action(command.action, node)


def _namespace(node: object) -> str:
    from textual.app import App

    return "app" if isinstance(node, App) else "screen"
