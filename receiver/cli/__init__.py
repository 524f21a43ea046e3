"""The command line: `receiver`. Loads what a command needs when it runs, so that help is quick.

Must not know: how anything is done; it composes the floors below.
"""

from __future__ import annotations

import os
import sys
from typing import Annotated

import typer

import receiver
from receiver.cli import denied, output
from receiver.cli.audit import audit as audit_command
from receiver.cli.backstage import backstage as backstage_command
from receiver.cli.bench import bench as bench_command
from receiver.cli.config import app as config_commands
from receiver.cli.dead import app as dead_commands
from receiver.cli.dev import dev as dev_command
from receiver.cli.doctor import doctor as doctor_command
from receiver.cli.events import app as events_commands
from receiver.cli.expose import expose as expose_command
from receiver.cli.filters import app as filters_commands
from receiver.cli.generate import generate as generate_command
from receiver.cli.new import app as new_commands
from receiver.cli.platforms import app as platform_commands
from receiver.cli.quarantine import app as quarantine_commands
from receiver.cli.routes import app as routes_commands
from receiver.cli.secrets import app as secrets_commands
from receiver.cli.selftest import app as selftest_commands
from receiver.cli.send import send as send_command
from receiver.cli.serve import serve as serve_command
from receiver.cli.simulate import simulate as simulate_command
from receiver.cli.sinks import app as sinks_commands
from receiver.cli.spec import app as spec_commands
from receiver.cli.status import status as status_command
from receiver.cli.tokens import app as tokens_commands
from receiver.cli.users import app as users_commands
from receiver.errors import ReceiverError

DEBUG = "RECEIVER_DEBUG"
"""The environment variable that asks for tracebacks."""

app = typer.Typer(
    name="receiver",
    rich_markup_mode=None,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _version(wanted: bool) -> None:
    if wanted:
        output.line(f"receiver {receiver.__version__}")
        raise typer.Exit


@app.callback()
def root(
    version: Annotated[
        bool,
        typer.Option("--version", callback=_version, is_eager=True, help="Print the version."),
    ] = False,
) -> None:
    """Receive webhooks: verified, kept on disk, handed to plugins until each of them has them.

    \b
    Begin with:
      receiver dev                    a receiver on this machine, nothing to configure
      receiver serve                  a receiver for the internet, from receiver.toml
      receiver send TYPE              an event as its platform would send it
      receiver events list            what came in
    """


app.command("dev", short_help="Receive events on this machine; nothing to configure.")(dev_command)
app.command("serve", short_help="Receive with several workers, and deliver: for production.")(
    serve_command
)
app.command("backstage", short_help="Deliver beside a gunicorn of your own.")(backstage_command)
app.command("send")(send_command)
app.command("status", short_help="Everything on one screen.")(status_command)
app.command("bench", short_help="Measure it here, beside a bare application.")(bench_command)
app.command("generate", short_help="Make the Python package of a spec, or compare it.")(
    generate_command
)
app.command("simulate", short_help="A platform under load, with an account of every event.")(
    simulate_command
)
app.command("expose", short_help="Share it through zrok, and see what becomes of events.")(
    expose_command
)
app.command("doctor", short_help="What is wrong here, and how to put it right.")(doctor_command)
app.add_typer(new_commands, name="new")
app.add_typer(spec_commands, name="spec")
app.add_typer(sinks_commands, name="sinks")
app.add_typer(routes_commands, name="routes")
app.add_typer(events_commands, name="events")
app.add_typer(dead_commands, name="dead")
app.add_typer(quarantine_commands, name="quarantine")
app.add_typer(selftest_commands, name="selftest")
app.add_typer(filters_commands, name="filters")
app.add_typer(users_commands, name="users")
app.add_typer(tokens_commands, name="tokens")
app.command("audit", short_help="Who changed what, and when.")(audit_command)
app.add_typer(config_commands, name="config")
app.add_typer(platform_commands, name="platform", short_help="Set a platform up to send here.")
app.add_typer(secrets_commands, name="secrets")


def main() -> None:
    """Run one command; every failure is one line on stderr and exit 1, wrong usage exits 2."""
    debug = os.environ.get(DEBUG, "") not in ("", "0")
    try:
        app()
    except ReceiverError as error:
        if debug:
            raise
        output.tell(f"receiver: {error}")
        sys.exit(1)
    except BrokenPipeError:
        # The reader of our output has gone, which is its right; nothing more can be written.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(1)
    except Exception as error:
        if debug:
            raise
        if isinstance(error, PermissionError) and error.filename is not None:
            output.tell(f"receiver: {denied.explained(error.filename)}")
            sys.exit(1)
        output.tell(
            f"receiver: unexpected {type(error).__name__}: {error}; "
            f"this is a fault of Receiver, {DEBUG}=1 shows where"
        )
        sys.exit(1)
