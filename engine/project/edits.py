"""Edits: every change of a project is a value that can be applied and reverted.

An edit is the difference between two projects, as changes of single values in their plain form. Undo, redo, the
journal and the difference between two files all come from this one mechanism; a command (`commands.py`) is simply a
function from project to project.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec

from kerastui.engine.project.document import Project
from kerastui.engine.project.plain import Plain, from_plain, to_plain


class EditError(ValueError):
    """Say why an edit cannot be made; the message is fit for the screen."""


class Change(msgspec.Struct, frozen=True, omit_defaults=True):
    """Set, add or remove one value.

    Args:
        path: Keys that lead to the value in the plain project.
        old: The value before; unset where the key is added.
        new: The value after; unset where the key is removed.
        index: Place of the key among its neighbours, for a key that is added or removed.
    """

    path: tuple[str, ...]
    old: Any = msgspec.UNSET
    new: Any = msgspec.UNSET
    index: int = 0

    def reverted(self) -> Change:
        """Return the change that takes this one back."""
        return Change(self.path, self.new, self.old, self.index)


class Edit(msgspec.Struct, frozen=True):
    """Change a project, in a way that can be reverted.

    Args:
        label: What was done, in the words of the history, say `add dense_2`.
        changes: Changes in the order in which they apply.
    """

    label: str
    changes: tuple[Change, ...]

    def reverted(self) -> Edit:
        """Return the edit that takes this one back."""
        return Edit(self.label, tuple(change.reverted() for change in reversed(self.changes)))


def make_edit(label: str, before: Project, after: Project) -> Edit:
    """Return the edit that leads from one project to another.

    Args:
        label: What was done, for the history.
        before: The project as it is.
        after: The project as it should be.

    Returns:
        The edit; it has no changes when both are the same.
    """
    return Edit(label, tuple(_differences(to_plain(before), to_plain(after), ())))


def apply_edit(project: Project, edit: Edit) -> Project:
    """Return the project with an edit applied.

    Raises:
        EditError: The edit was made for another state of the project.
        DocumentError: The result is no project.
    """
    return from_plain(apply_plain(to_plain(project), edit))


def apply_plain(plain: Plain, edit: Edit) -> Plain:
    """Return the plain form of a project with an edit applied; what is not changed is shared with the one given.

    Raises:
        EditError: The edit was made for another state of the project.
    """
    for change in edit.changes:
        plain = _changed(plain, change, change.path)
    return plain


def _differences(before: Plain, after: Plain, path: tuple[str, ...]) -> Iterator[Change]:
    kept = [key for key in before if key in after]
    if kept != [key for key in after if key in before]:
        yield Change(path, before, after)
        return
    keys = list(before)
    for key in reversed(keys):
        if key not in after:
            yield Change((*path, key), old=before[key], index=keys.index(key))
    for key in kept:
        old, new = before[key], after[key]
        if isinstance(old, dict) and isinstance(new, dict):
            yield from _differences(old, new, (*path, key))
        elif old != new or type(old) is not type(new):
            yield Change((*path, key), old, new)
    for index, key in enumerate(after):
        if key not in before:
            yield Change((*path, key), new=after[key], index=index)


def _changed(plain: Plain, change: Change, path: tuple[str, ...]) -> Plain:
    if not path:
        return dict(change.new)
    key, rest = path[0], path[1:]
    if rest:
        if not isinstance(plain.get(key), dict):
            raise EditError(f"{'.'.join(change.path)} is not there any more")
        return plain | {key: _changed(plain[key], change, rest)}
    if plain.get(key, msgspec.UNSET) != change.old:
        raise EditError(f"{'.'.join(change.path)} is not what it was when this edit was made")
    if change.new is msgspec.UNSET:
        return {name: value for name, value in plain.items() if name != key}
    if change.old is not msgspec.UNSET:
        return plain | {key: change.new}
    items = list(plain.items())
    items.insert(change.index, (key, change.new))
    return dict(items)
