"""`receiver backstage`: what stands beside web workers that somebody else starts.

Must not know: how routes are run.
"""

from __future__ import annotations

import os
import sys
from io import TextIOWrapper

from receiver.cli import opening, options


def backstage(
    config: options.Config = None,
    plugins_dir: options.PluginsDir = None,
    store_dir: options.StoreDir = None,
) -> None:
    """Deliver events and serve the admin listener; `receiver serve` starts this by itself.

    For those who run gunicorn on their own. Waits while another process delivers from the same
    store. SIGTERM lets what is under way end, SIGHUP begins anew.

    \b
    Examples:
      gunicorn -c python:receiver.gunicorn receiver.asgi:app
      receiver backstage
    """
    from receiver.backstage.process import deliver

    flags = opening.flags(store_dir, plugins_dir)
    opening.load(config, flags)
    opening.hand_down(config, flags)
    if isinstance(sys.stdout, TextIOWrapper):
        sys.stdout.reconfigure(line_buffering=True)  # what plugins print shows in a pipe, too
    deliver(os.environ)
