"""The public application for any ASGI server: `uvicorn receiver.asgi:app`, or under gunicorn.

It is composed from the configuration (`RECEIVER_CONFIG`, else `./receiver.toml`) when a server asks
for `app`, not on import; the inbox is opened by the first request of the process that serves.
Must not know: how anything is done.
"""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from starlette.types import ASGIApp

    app: ASGIApp

__all__ = ["app", "compose"]


def compose() -> ASGIApp:
    """The application that the configuration describes.

    Raises ConfigError with what is wrong in it, in the contract, or in the secrets.
    """
    from receiver import catalogue, keptsecrets, secrets
    from receiver.http.app import build
    from receiver.inbox.sqlite import open_store
    from receiver.intake import Intake
    from receiver.settings.file import load

    found = load(None, os.environ)
    if str(found.base) not in sys.path:
        sys.path.append(str(found.base))  # a generated package may lie beside the configuration
    store = found.settings.store
    served = catalogue.load(found.settings.contract)
    inbox = open_store(
        found.store_path,
        durability=store.durability,
        dedup_window=store.dedup_window,
        dedup_keys=store.dedup_keys,
    )
    kept = keptsecrets.read(found.store_path.parent)
    keys = secrets.keyring(found, served.contract, os.environ, kept)
    intake = Intake(served, keys, inbox)
    return build(served, intake, lane=found.settings.server.lane, on_stop=inbox.close)


def __getattr__(name: str) -> Any:
    """Compose `app` when it is first asked for (PEP 562)."""
    if name != "app":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    globals()["app"] = composed = compose()
    return composed
