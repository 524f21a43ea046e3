"""`receiver dev`: everything on one machine, with nothing to configure.

Must not know: how requests are proved or answered, how sinks are called.
"""

from __future__ import annotations

import errno
import os
import shlex
import signal
import socket
import sys
from dataclasses import dataclass
from io import TextIOWrapper
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

import receiver
from receiver.cli import leaving, narration, opening, options, output, running, sinks
from receiver.errors import ReceiverError

if TYPE_CHECKING:
    from starlette.types import ASGIApp

    from receiver.catalogue import Catalogue
    from receiver.dispatch import Route
    from receiver.keptsecrets import Kept
    from receiver.settings import Configuration, Flag


@dataclass(frozen=True, slots=True)
class Stage:
    """What one run works with."""

    found: Configuration
    catalogue: Catalogue
    delivered: list[Route]
    kept: dict[str, Kept]
    idle: list[str]
    """Why sinks that are there get no route, a line each."""
    made: list[str]
    """The sources whose secrets were made just now."""
    where: str
    """The options that make another command work on the same store."""

    @property
    def folder(self) -> Path:
        """The folder of the inbox."""
        return self.found.store_path.parent


def dev(
    host: Annotated[str | None, typer.Option("--host", help="Where to listen.")] = None,
    port: Annotated[
        int | None, typer.Option("--port", min=0, max=65535, help="Where to listen; 0: any free.")
    ] = None,
    lane: Annotated[
        str | None,
        typer.Option("--lane", metavar="on|off", help="off: plain connexion, same answers."),
    ] = None,
    config: options.Config = None,
    plugins_dir: options.PluginsDir = None,
    store_dir: options.StoreDir = None,
) -> None:
    """Receive events on this machine: no configuration needed, secrets are made on first run.

    Works with a receiver.toml, too. Ctrl-C lets what is under way end.

    \b
    Examples:
      receiver dev
      receiver dev --port 9000 --plugins-dir ./my-plugins
    """
    found = _configuration(config, host, port, lane, store_dir, plugins_dir)
    catalogue = opening.catalogue(found)
    delivered, idle = _routes(found, catalogue, config, plugins_dir)
    kept, made = _secrets(found, catalogue)
    where = _same_store(config, store_dir)
    stage = Stage(found, catalogue, delivered, kept, idle, made, where)
    with _listen(found) as listener:
        _serve(stage, listener)


def _same_store(config: Path | None, store_dir: Path | None) -> str:
    """The options for another command to find what this one works on."""
    options = (("--config", config), ("--store-dir", store_dir))
    return "".join(f" {name} {shlex.quote(str(path))}" for name, path in options if path)


def _configuration(
    config: Path | None,
    host: str | None,
    port: int | None,
    lane: str | None,
    store_dir: Path | None,
    plugins_dir: Path | None,
) -> Configuration:
    from receiver.settings import Flag, split_address

    flags: list[Flag] = []
    if lane is not None:
        if lane not in ("on", "off"):
            raise typer.BadParameter(f"{lane!r} is neither on nor off", param_hint="--lane")
        flags.append(Flag("--lane", ("server", "lane"), lane == "on"))
    found = opening.configuration(
        config, store_dir=store_dir, plugins_dir=plugins_dir, flags=tuple(flags)
    )
    if host is None and port is None:
        return found
    given_host, given_port = split_address(found.settings.server.public)
    chosen = host or given_host
    public = f"[{chosen}]" if ":" in chosen else chosen
    public += f":{given_port if port is None else port}"
    option = "--host" if host is not None else "--port"
    flags.append(Flag(option, ("server", "public"), public))
    return opening.configuration(
        config, store_dir=store_dir, plugins_dir=plugins_dir, flags=tuple(flags)
    )


def _secrets(found: Configuration, catalogue: Catalogue) -> tuple[dict[str, Kept], list[str]]:
    """The kept secrets, and the sources for which they were made just now."""
    from receiver import keptsecrets

    folder = found.store_path.parent
    kept = keptsecrets.read(folder)
    sources = sorted(catalogue.contract.sources)
    made = [name for name in sources if name not in kept and name not in found.settings.sources]
    kept |= {name: keptsecrets.create(catalogue.contract, name) for name in made}
    if made:
        keptsecrets.write(folder, kept)
    return kept, made


def _routes(
    found: Configuration, catalogue: Catalogue, config: Path | None, plugins_dir: Path | None
) -> tuple[list[Route], list[str]]:
    """The routes, and why sinks get none; a broken distribution that nobody routes is told."""
    from receiver import backstage

    plugins = opening.plugins(found)
    delivered = backstage.routes(found, catalogue, plugins, os.environ)
    for fault in backstage.unusable(catalogue, plugins).values():
        output.tell(f"receiver: {fault}")
    return delivered, sinks.idle(found, plugins, config, plugins_dir)


def _listen(found: Configuration) -> socket.socket:
    """The listening socket; ReceiverError with a way out when the address cannot be had."""
    from receiver.settings import split_address

    host, port = split_address(found.settings.server.public)
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        socket.getaddrinfo(host, port, family)  # create_server hides what an unknown host is
        return socket.create_server((host, port), family=family, backlog=2048)
    except OSError as error:
        why = _unheard(error, host, port)
        raise ReceiverError(f"cannot listen on {host} port {port}: {why}") from None


def _unheard(error: OSError, host: str, port: int) -> str:
    """Why an address cannot be listened on, and what to do about it."""
    free = port + 1 if 1024 <= port < 65535 else 8080
    if isinstance(error, socket.gaierror):
        return "there is no such host; name an address of this machine: --host 127.0.0.1"
    why = os.strerror(error.errno) if error.errno else str(error)
    if error.errno == errno.EADDRNOTAVAIL:
        return f"{why}; it is none of this machine: --host 127.0.0.1, or 0.0.0.0 for all it has"
    if error.errno == errno.EADDRINUSE:
        way = "stop the program that has it, or choose another"
        return f"{why}; {way}: receiver dev --port {free}"
    return f"{why}; choose another: receiver dev --port {free}"


def _application(stage: Stage, address: str) -> ASGIApp:
    from receiver.backstage import open_inbox
    from receiver.http.app import build
    from receiver.intake import Intake
    from receiver.secrets import keyring

    found, contract = stage.found, stage.catalogue.contract
    inbox = open_inbox(found)
    keys = keyring(found, contract, os.environ, stage.kept)
    narrator = narration.Narrator(contract, stage.where)
    intake = Intake(stage.catalogue, keys, inbox, observer=narrator.observe)

    async def ready() -> None:
        # From here on a signal drains, and whoever connects is served.
        _banner(stage, address)

    return build(
        stage.catalogue,
        intake,
        lane=found.settings.server.lane,
        on_start=ready,
        on_stop=inbox.close,
        observe=narrator.observe,
        stranger=narrator.stranger,
    )


def _serve(stage: Stage, listener: socket.socket) -> None:
    import uvicorn

    from receiver.backstage import Backstage

    narration.configure_logs()
    if isinstance(sys.stdout, TextIOWrapper):
        sys.stdout.reconfigure(line_buffering=True)  # what plugins print shows in a pipe, too
    address = running.address(*listener.getsockname()[:2])
    grace = max(1, int(stage.found.settings.server.grace))
    server = uvicorn.Server(
        uvicorn.Config(
            _application(stage, address),
            loop="uvloop",
            http="httptools",
            lifespan="on",
            access_log=False,
            log_config=None,
            server_header=False,
            timeout_graceful_shutdown=grace,
        )
    )

    def leave(*_: object) -> None:
        server.should_exit = True

    backstage = Backstage(stage.found, stage.catalogue, stage.delivered, ended=leave)
    backstage.start()
    try:
        with running.told(stage.folder, address):
            # uvicorn drains on these and raises them again afterwards; there is more to drain.
            for number in (signal.SIGINT, signal.SIGTERM):
                signal.signal(number, leave)
            server.run(sockets=[listener])
            signal.signal(signal.SIGINT, signal.default_int_handler)
            signal.signal(signal.SIGTERM, signal.SIG_DFL)
    finally:
        leaving.stop(backstage)
    output.line("stopped; everything that was answered 200 is in the inbox")
    leaving.leave(backstage)


def _banner(stage: Stage, address: str) -> None:
    from receiver import keptsecrets

    contract = stage.catalogue.contract
    taken = [operation for operation in contract.operations if operation.transport == "http"]
    names = ", ".join(f"{route.name} ({route.plugin.name})" for route in stage.delivered)
    output.line(f"receiver {receiver.__version__}")
    output.line(f"  listening  {address}  ({len(taken)} event paths)")
    output.line(f"  inbox      {stage.found.store_path}  ({stage.found.settings.store.durability})")
    output.line(f"  routes     {names or 'none: events are kept and go nowhere'}")
    for line in stage.idle:
        output.line(f"  not routed {line}")
    if stage.made:
        output.line(f"  secrets    made now, kept in {stage.folder / keptsecrets.FILE}:")
        rows = [
            row
            for name in stage.made
            for row in narration.secret_rows(contract, name, stage.kept[name])
        ]
        output.table(narration.SECRET_COLUMNS, rows)
    if taken:
        output.line(f"  try        {narration.example(contract, taken[0])}{stage.where}")
    output.line("  stop       Ctrl-C")
