"""`kerastui engine`: engine processes, listed, started and stopped."""

from __future__ import annotations

import json
import sys

import click

from kerastui.options import JSON


@click.group(invoke_without_command=True)
@click.option("--stdio", is_flag=True, help="Run an engine that speaks over standard input and output.")
@click.pass_context
def engine(ctx: click.Context, stdio: bool) -> None:
    """List, start and stop engine processes."""
    if stdio:
        from kerastui.engine.process.__main__ import main as run

        run(["--stdio"])
    elif ctx.invoked_subcommand is None:
        ctx.invoke(engine_list)


@engine.command("list")
@JSON
def engine_list(as_json: bool = False) -> None:
    """List the engines that run."""
    from kerastui.engine.process.launch import engines

    found = engines()
    if as_json:
        click.echo(json.dumps([{"process": item.process, "project": item.project, "log": item.log} for item in found]))
    for item in () if as_json else found:
        click.echo(f"{item.process:>8}  {item.project or 'no project'}  {item.log}")
    if not found and not as_json:
        click.echo("no engine runs")


@engine.command("start")
@JSON
def engine_start(as_json: bool) -> None:
    """Start an engine; the app joins it by the project it trains."""
    from kerastui.engine.process.launch import start

    try:
        running = start()
    except OSError as error:
        raise click.ClickException(f"the engine cannot be started: {error}; set KERASTUI_HOME") from None
    told = {"process": running.process, "socket": running.socket}
    click.echo(json.dumps(told) if as_json else f"engine {running.process} · {running.socket}")


@engine.command("stop")
@click.argument("process", type=int, required=False)
@JSON
def engine_stop(process: int | None, as_json: bool) -> None:
    """Stop the engine with the id PROCESS, or all; a run that goes on is stopped first and its model kept."""
    import asyncio

    from kerastui.engine.process.client import SocketClient
    from kerastui.engine.process.launch import engines
    from kerastui.headless import fail

    found = [item for item in engines() if process in (None, item.process)]
    if process is not None and not found:
        sys.exit(fail(f"no engine has the process id {process}", "`kerastui engine list` shows them", as_json))
    found = [item for item in found if asyncio.run(SocketClient.end(item))]
    click.echo(json.dumps([item.process for item in found]) if as_json else f"stopped {len(found)}")
