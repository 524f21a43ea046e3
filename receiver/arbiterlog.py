"""gunicorn's logger, writing where all of Receiver's processes write (receiver.logs).

Must not know: gunicorn's configuration.
"""

from __future__ import annotations

from gunicorn.config import Config
from gunicorn.glogging import Logger

from receiver import logs


class ArbiterLog(Logger):  # type: ignore[misc]  # gunicorn ships no types
    """For gunicorn's setting `logger_class`; a reload sets it up again, with handlers anew."""

    def setup(self, cfg: Config) -> None:
        super().setup(cfg)
        logs.adopt()
