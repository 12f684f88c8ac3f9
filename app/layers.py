"""`kerastui layers`: what Build offers, and whether that is all of Keras."""

from __future__ import annotations

import json

import click

from kerastui.engine.catalog.catalog import catalog


def run(check: bool, as_json: bool) -> int:
    """Print the layers that Build offers by group; exit code 1 if Keras has one that should be among them.

    Args:
        check: Compare with the installed Keras, class by class and argument by argument.
        as_json: Print it as JSON.
    """
    if check:
        return _check(as_json)
    groups: dict[str, list[str]] = {}
    for entry in (*catalog().of("layer"), *catalog().of("operation")):
        groups.setdefault(entry.category if entry.kind == "layer" else f"ops {entry.category}", []).append(entry.name)
    if as_json:
        click.echo(json.dumps(groups))
        return 0
    for group, names in sorted(groups.items()):
        click.echo(f"{group}\n  {' '.join(names)}")
    return 0


def _check(as_json: bool) -> int:
    from kerastui.headless import quiet

    quiet()
    from kerastui.engine.catalog.coverage import NOT_OFFERED, public_layers, uncovered

    public, missing = public_layers(), uncovered()
    left_out = {name: why for name, why in NOT_OFFERED.items() if name in public}
    there = len(public) - len(left_out) - len({item.partition(".")[0] for item in missing})
    if as_json:
        found = {"keras": catalog().keras, "public": len(public), "there": there, "missing": missing}
        click.echo(json.dumps(found | {"left_out": left_out}))
        return 1 if missing else 0
    click.echo(f"{there}/{len(public)} public layers of Keras {catalog().keras} are offered")
    for name, why in left_out.items():
        click.echo(f"left out: {name} ({why})")
    for item in missing:
        click.echo(f"missing: {item}")
    return 1 if missing else 0
