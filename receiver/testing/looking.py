"""`receiver dev --from URL` in a process of its own, for tests of transports.

Must not know: any transport.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any


def looked(
    url: str, number: int, environ: Mapping[str, str], *arguments: str, seconds: float = 40.0
) -> tuple[list[dict[str, Any]], str]:
    """The first `number` messages that it prints, as JSON, and all that it tells on stderr.

    Raises AssertionError when fewer come in time, when it does not end well on Ctrl-C, or when it
    has written a file.
    """
    with TemporaryDirectory() as folder:
        process = subprocess.Popen(  # noqa: S603 (our own interpreter and module)
            [sys.executable, "-m", "receiver", "dev", "--from", url, *arguments],
            cwd=folder,
            env={**os.environ, "PYTHONUNBUFFERED": "1", **environ},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            encoding="utf-8",
        )
        lines: list[str] = []
        told: list[str] = []
        readers = [
            threading.Thread(target=into.extend, args=(stream,))
            for into, stream in ((lines, process.stdout), (told, process.stderr))
        ]
        for reader in readers:
            reader.start()
        end = time.monotonic() + seconds
        while len(lines) < number and time.monotonic() < end and process.poll() is None:
            time.sleep(0.02)
        process.send_signal(signal.SIGINT)
        try:
            status = process.wait(seconds)
        finally:
            process.kill()
        for reader in readers:
            reader.join()
        for stream in (process.stdout, process.stderr):
            if stream is not None:
                stream.close()
        said = "".join(told)
        if status or len(lines) < number or any(Path(folder).iterdir()):
            raise AssertionError(f"status {status}, {len(lines)} messages; it told:\n{said}")
        return [json.loads(line) for line in lines], said
