"""`receiver dev`: everything on one machine, with nothing to configure.

Must not know: how requests are proved or answered, how sinks are called.
"""

from __future__ import annotations

import logging
import os
import shlex
import signal
import socket
import sys
from collections.abc import Callable
from dataclasses import dataclass
from io import TextIOWrapper
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

import receiver
from receiver import running
from receiver.cli import leaving, looking, narration, opening, options, output, sinks

if TYPE_CHECKING:
    from receiver.catalogue import Catalogue
    from receiver.composition import Public
    from receiver.configured import Setup
    from receiver.dispatch import Route
    from receiver.keptsecrets import Kept
    from receiver.plugins import Plugin
    from receiver.settings import Configuration, Flag


@dataclass(frozen=True, slots=True)
class Play:
    """What one run works with."""

    setup: Setup
    catalogue: Catalogue
    plugins: dict[str, Plugin]
    delivered: list[Route]
    idle: list[str]
    """Why sinks that are there get no route, a line each."""
    kept: dict[str, Kept]
    made: list[str]
    """The sources whose secrets were made just now."""
    where: str
    """The options that make another command work on the same store."""

    @property
    def found(self) -> Configuration:
        """The configuration."""
        return self.setup.found

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
    pulled: Annotated[
        str | None,
        typer.Option(
            "--from",
            metavar="URL",
            help="Show the messages at URL, and take nothing: no receiver, no file.",
        ),
    ] = None,
    source: Annotated[
        str | None,
        typer.Option("--source", metavar="NAME", help="With --from: whose messages they are."),
    ] = None,
) -> None:
    """Receive events on this machine: no configuration needed, secrets are made on first run.

    Works with a receiver.toml, too. Ctrl-C lets what is under way end.

    \b
    Examples:
      receiver dev
      receiver dev --port 9000 --plugins-dir ./my-plugins
      receiver dev --from mqtt://localhost/sensors/#
    """
    flags = _flags(config, host, port, lane, store_dir, plugins_dir)
    found = opening.load(config, flags)
    catalogue = opening.catalogue(found)
    if pulled is not None:
        looking.look(pulled, source, catalogue)
        return
    opening.hand_down(config, flags)
    play = _play(found, catalogue, _same_store(config, store_dir), config, plugins_dir)
    advice = "receiver dev --port {free}"
    with opening.listen(found.settings.server.public, advice) as listener:
        _serve(play, listener)


def _play(
    found: Configuration,
    catalogue: Catalogue,
    where: str,
    config: Path | None,
    plugins_dir: Path | None,
) -> Play:
    from receiver import configured, keptsecrets

    contract = catalogue.contract
    plugins, delivered = _routes(found, catalogue)
    kept, made = keptsecrets.supply(found.store_path.parent, contract, found.settings.sources)
    return Play(
        setup=configured.current(os.environ, contract),
        catalogue=catalogue,
        plugins=plugins,
        delivered=delivered,
        idle=sinks.idle(found, plugins, config, plugins_dir),
        kept=kept,
        made=made,
        where=where,
    )


def _same_store(config: Path | None, store_dir: Path | None) -> str:
    """The options for another command to find what this one works on."""
    options = (("--config", config), ("--store-dir", store_dir))
    return "".join(f" {name} {shlex.quote(str(path))}" for name, path in options if path)


def _flags(
    config: Path | None,
    host: str | None,
    port: int | None,
    lane: str | None,
    store_dir: Path | None,
    plugins_dir: Path | None,
) -> list[Flag]:
    """The keys that the options set."""
    from receiver.settings import Flag

    flags = opening.flags(store_dir, plugins_dir)
    if lane is not None:
        if lane not in ("on", "off"):
            raise typer.BadParameter(f"{lane!r} is neither on nor off", param_hint="--lane")
        flags.append(Flag("--lane", ("server", "lane"), lane == "on"))
    return flags + opening.listening(opening.load(config, flags), host, port)


def _routes(found: Configuration, catalogue: Catalogue) -> tuple[dict[str, Plugin], list[Route]]:
    """All plugins, and the routes; a broken distribution that nobody routes is told."""
    from receiver import backstage

    plugins = opening.plugins(found)
    delivered = backstage.routes(found, catalogue, plugins, os.environ)
    for fault in backstage.unusable(catalogue, backstage.importable(found, plugins)).values():
        output.tell(f"receiver: {fault}")
    return plugins, delivered


def _public(play: Play, ready: Callable[[], None]) -> Public:
    from receiver import composition

    narrator = narration.Narrator(play.catalogue.contract, play.where)
    return composition.public(
        play.setup,
        play.catalogue,
        os.environ,
        notable=narrator.observe,
        stranger=narrator.stranger,
        ready=ready,
    )


def _serve(play: Play, listener: socket.socket) -> None:
    import uvicorn

    from receiver import logs
    from receiver.backstage import Backstage, Listener, Operators, Stage
    from receiver.metrics import Delivery, Exposition, folder_of

    logs.configure("text", level=logging.WARNING)
    if isinstance(sys.stdout, TextIOWrapper):
        sys.stdout.reconfigure(line_buffering=True)  # what plugins print shows in a pipe, too
    address = running.address(*listener.getsockname()[:2])
    contract, figures = play.catalogue.contract, Delivery(play.found.store_path)

    def leave(*_: object) -> None:
        server.should_exit = True

    backstage = Backstage(
        lambda: Stage(
            play.setup,
            play.catalogue,
            play.plugins,
            play.delivered,
            os.environ,
            figures=figures,
        ),
        play.delivered,
        grace=play.found.settings.server.grace,
        ended=leave,
    )
    steering = Operators(
        play.found,
        play.catalogue,
        os.environ,
        lambda: backstage.present or (play.found, play.plugins),
        backstage.settled,
        ready=backstage.checks,
        metrics=Exposition(contract, folder_of(play.folder), [figures]),
        login_refused=figures.login_refused,
        route=backstage.route,
    )
    operators = Listener(play.found.settings.server.admin, steering.app, steering.close)
    public = _public(play, lambda: _banner(play, address, operators.url))
    server = uvicorn.Server(
        uvicorn.Config(
            public.app,
            loop="uvloop",
            http=public.protocol(),
            ws="none",
            proxy_headers=False,
            lifespan="on",
            access_log=False,
            log_config=None,
            server_header=False,
            timeout_graceful_shutdown=max(1, int(play.found.settings.server.grace)),
        )
    )

    backstage.start()
    operators.start()
    try:
        with running.told(play.folder, address):
            # uvicorn drains on these and raises them again afterwards; there is more to drain.
            for number in (signal.SIGINT, signal.SIGTERM):
                signal.signal(number, leave)
            server.run(sockets=[listener])
            signal.signal(signal.SIGINT, signal.default_int_handler)
            signal.signal(signal.SIGTERM, signal.SIG_DFL)
    finally:
        operators.stop()
        leaving.stop(backstage)
    output.line("stopped; everything that was answered 200 is in the inbox")
    leaving.leave(backstage)


def _banner(play: Play, address: str, operators: str | None) -> None:
    from receiver import keptsecrets

    contract = play.catalogue.contract
    taken = [operation for operation in contract.operations if operation.over_http]
    names = ", ".join(f"{route.name} ({route.plugin.name})" for route in play.delivered)
    level = running.durability(play.found.settings.store.durability)
    output.line(f"receiver {receiver.__version__}")
    output.line(f"  listening  {address}  ({len(taken)} event paths)")
    output.line(f"  admin      {operators or 'waits for its address'}")
    output.line(f"  inbox      {play.found.store_path}  ({level})")
    output.line(f"  routes     {names or 'none: events are kept and go nowhere'}")
    if pulled := _pulled(play.found):
        output.line(f"  pulls      {pulled}")
    for line in play.idle:
        output.line(f"  not routed {line}")
    if play.made:
        output.line(f"  secrets    made now, kept in {play.folder / keptsecrets.FILE}:")
        rows = [
            row
            for name in play.made
            for row in narration.secret_rows(contract, name, play.kept[name])
        ]
        output.table(narration.SECRET_COLUMNS, rows)
    if taken:
        output.line(f"  try        {narration.example(contract, taken[0])}{play.where}")
    output.line("  stop       Ctrl-C")


def _pulled(found: Configuration) -> str:
    """The configured pulls, as the lists of routes are shown."""
    return ", ".join(
        f"{source}.{name} ({pull.transport})"
        for source, given in found.settings.sources.items()
        for name, pull in given.pull.items()
    )
