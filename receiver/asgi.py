"""The public application for any ASGI server: `uvicorn receiver.asgi:app`, or under gunicorn.

It is composed from the configuration (`RECEIVER_CONFIG`, else `./receiver.toml`) when a server asks
for `app`, not on import; the inbox is opened when the process that serves starts to, and changed
secrets are taken up while it does. Must not know: how anything is done.
"""

from __future__ import annotations

import os
from functools import cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from starlette.types import ASGIApp

    from receiver.composition import Public

    app: ASGIApp

__all__ = ["app", "compose", "public"]


@cache
def public() -> Public:
    """What this process serves; composed once. Raises ConfigError."""
    from receiver import composition, configured
    from receiver.refusals import Refusals

    setup = configured.settled(os.environ)
    served = configured.catalogue(setup.found)
    return composition.public(setup, served, os.environ, notable=Refusals().observe)


def compose() -> ASGIApp:
    """The application that the configuration describes, made anew.

    Raises ConfigError with what is wrong in it, in the contract, or in the secrets.
    """
    return public.__wrapped__().app


def __getattr__(name: str) -> Any:
    """Compose `app` when it is first asked for (PEP 562)."""
    if name != "app":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return public().app
