"""Run an engine: `python -m kerastui.engine.process --socket PATH`, or `--stdio` to speak over pipes."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import os
import signal
import sys
from pathlib import Path

from kerastui.engine.process import launch
from kerastui.engine.process.server import Engine


def main(arguments: list[str] | None = None) -> None:
    """Run an engine until it is told to end or has nothing to do."""
    parser = argparse.ArgumentParser(prog="kerastui engine", description=__doc__)
    parser.add_argument("--socket", type=Path, help="Unix-domain socket to listen on")
    parser.add_argument("--log", type=Path, help="log that standard error goes to; kept short")
    parser.add_argument("--stdio", action="store_true", help="speak over standard input and output")
    parser.add_argument("--idle", type=float, default=600.0, help="seconds without client and run before it ends")
    options = parser.parse_args(arguments)
    if options.stdio == (options.socket is not None):
        parser.error("give either --socket or --stdio")
    # ctrl+c in the terminal that started the app is not for the engine, which has its own session anyway.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    asyncio.run(over_pipes() if options.stdio else over_socket(options.socket, options.log, options.idle))


async def over_socket(path: Path, log: Path | None, idle: float) -> None:
    """Listen on a socket that only this user can reach."""
    running = launch.Running(os.getpid(), str(path), str(log or ""))
    engine = Engine(idle, lambda folder: launch.register(launch.Running(*_fields(running), folder)))
    os.umask(0o077)
    server = await asyncio.start_unix_server(engine.serve, path)
    launch.register(running)
    try:
        await engine.wait_end(lambda: launch.trim_log(log) if log else None)
    finally:
        server.close()
        launch.unregister(running)


async def over_pipes() -> None:
    """Speak with the one client at standard input and output; the engine ends when it leaves."""
    loop = asyncio.get_running_loop()
    # What Python code prints must not get between the frames.
    output = os.fdopen(os.dup(sys.stdout.fileno()), "wb", buffering=0)
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    reader = asyncio.StreamReader()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    transport, protocol = await loop.connect_write_pipe(asyncio.streams.FlowControlMixin, output)
    engine = Engine(0)
    writer = asyncio.StreamWriter(transport, protocol, reader, loop)
    ending = asyncio.create_task(engine.wait_end())
    serving = asyncio.create_task(engine.serve(reader, writer))
    await asyncio.wait({ending, serving}, return_when=asyncio.FIRST_COMPLETED)
    for task in (ending, serving):
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task


def _fields(running: launch.Running) -> tuple[int, str, str]:
    return running.process, running.socket, running.log


if __name__ == "__main__":
    main()
    # TensorFlow's threads may still be in native code; they are daemons and must not hold the process up.
    sys.stderr.flush()
    os._exit(0)
