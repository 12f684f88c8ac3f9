"""`kerastui layers`: what Build offers, and whether that is all of Keras."""

from __future__ import annotations

import json

import click

from kerastui.engine.catalog.catalog import catalog


def run(check: bool, as_json: bool) -> int:
    """Print the layers of the catalog by group; exit code 1 if Keras has one that is not among them.

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
    from kerastui.engine.catalog.coverage import public_layers, uncovered

    public, missing = public_layers(), uncovered()
    whole = len(public) - len({item.partition(".")[0] for item in missing})
    if as_json:
        click.echo(json.dumps({"keras": catalog().keras, "public": len(public), "there": whole, "missing": missing}))
    else:
        click.echo(f"{whole}/{len(public)} public layers of Keras {catalog().keras}")
        for item in missing:
            click.echo(f"missing: {item}")
    return 1 if missing else 0
