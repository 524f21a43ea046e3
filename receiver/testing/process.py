"""`receiver dev` or `serve` in a process of its own, on free ports, in a folder of its own.

Must not know: how a receiver works inside.
"""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import threading
import time
import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from types import TracebackType
from typing import Any, Literal

from receiver import catalogue, keptsecrets

START_SECONDS = 60.0
STOP_SECONDS = 60.0
_LISTENING = re.compile(r"\s*listening\s+(http://\S+)")
_ADMIN = re.compile(r"\s*admin\s+(http://\S+)")
_READY = "Ctrl-C"


class RunningReceiver:
    """A context manager: the receiver runs inside of the block.

        with RunningReceiver(plugins={"online.py": "..."}) as receiver:
            receiver.send("appliance/online")
            receiver.wait_for("is online")

    `folder` is where it runs and keeps everything, else a temporary one; `config` is the text of
    its receiver.toml; `plugins` are files of its plugins folder; `arguments` are further ones of
    the command; `environ` are variables besides those of this process. `command="serve"` runs
    several workers and backstage; sources that the configuration does not name have secrets, as
    they have with `dev`.
    """

    def __init__(
        self,
        folder: Path | None = None,
        *,
        config: str | None = None,
        plugins: Mapping[str, str] | None = None,
        arguments: Sequence[str] = (),
        environ: Mapping[str, str] | None = None,
        command: Literal["dev", "serve"] = "dev",
    ) -> None:
        self._temporary = TemporaryDirectory() if folder is None else None
        self.folder = Path(self._temporary.name) if self._temporary else Path(folder or ".")
        self._environ = {
            **os.environ,
            "PYTHONUNBUFFERED": "1",
            "RECEIVER_SERVER__ADMIN": "127.0.0.1:0",
            **(environ or {}),
        }
        self._command = command
        self._arguments = ["--port", "0", *arguments]
        self.folder.mkdir(parents=True, exist_ok=True)
        if config is not None:
            (self.folder / "receiver.toml").write_text(config, encoding="utf-8")
        if plugins is not None:
            shelf = self.folder / "plugins"
            shelf.mkdir(exist_ok=True)
            for name, text in plugins.items():
                (shelf / name).write_text(text, encoding="utf-8")
            self._arguments += ["--plugins-dir", str(shelf)]
        if command == "serve":
            told = tomllib.loads(config or "")
            contract = catalogue.contract(told.get("contract", "receiver.generated"))
            keptsecrets.supply(self.folder / ".receiver", contract, told.get("sources", {}))
        self.url = ""
        """Where it listens."""
        self.lines: list[str] = []
        """What it has printed, on stdout and stderr."""
        self._process: subprocess.Popen[str] | None = None
        self._changed = threading.Condition()
        self._ended = False

    @property
    def pid(self) -> int:
        """The number of its process; with `serve`, of the one that looks after the others."""
        assert self._process is not None, "it does not run"
        return self._process.pid

    @property
    def admin(self) -> str:
        """Where operators look; the last such address that it has told."""
        self.wait_for("  admin  ", START_SECONDS)
        return [found[1] for found in map(_ADMIN.match, self.lines) if found][-1]

    def start(self) -> RunningReceiver:
        """Start it, and return when it takes events. Raises RuntimeError when it does not."""
        self._ended = False
        mark = len(self.lines)
        self._process = subprocess.Popen(  # noqa: S603 (our own interpreter and module)
            [sys.executable, "-m", "receiver", self._command, *self._arguments],
            cwd=self.folder,
            env=self._environ,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            encoding="utf-8",
            errors="backslashreplace",
        )
        self._reader = threading.Thread(target=self._read, args=(self._process,), daemon=True)
        self._reader.start()
        try:
            self.wait_for(_READY, START_SECONDS, mark)
        except RuntimeError:
            self.stop(signal.SIGKILL)
            raise
        found = next(filter(None, map(_LISTENING.match, self.lines[mark:])))
        self.url = found[1]
        return self

    def stop(self, number: signal.Signals = signal.SIGINT) -> int:
        """End it as Ctrl-C does, or by another signal; returns its exit status."""
        process = self._process
        if process is None:
            return 0
        self._process = None
        if process.poll() is None:
            process.send_signal(number)
        try:
            status = process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            raise RuntimeError(f"it did not stop within {STOP_SECONDS:g} s") from None
        finally:
            self._reader.join(STOP_SECONDS)
        return status

    def run(self, *arguments: str, seconds: float = 120.0) -> subprocess.CompletedProcess[str]:
        """Run another command of `receiver` in the same folder."""
        return subprocess.run(  # noqa: S603 (our own interpreter and module)
            [sys.executable, "-m", "receiver", *arguments],
            cwd=self.folder,
            env=self._environ,
            capture_output=True,
            text=True,
            encoding="utf-8",
            errors="backslashreplace",
            timeout=seconds,
            check=False,
        )

    def send(self, type: str, *arguments: str) -> list[dict[str, Any]]:
        """`receiver send TYPE`: one answer each, with `status`, `said`, `ids`, `problems`, `ms`.

        Raises RuntimeError when nothing could be sent.
        """
        done = self.run("send", type, "--json", *arguments)
        answers = [json.loads(line) for line in done.stdout.splitlines()]
        if not answers:
            raise RuntimeError(done.stderr.strip())
        return answers

    def wait_for(self, text: str, seconds: float = 40.0, after: int = 0) -> str:
        """The first printed line (from the `after`th on) that holds `text`.

        Raises RuntimeError, with everything printed, when it does not come in time.
        """
        deadline = time.monotonic() + seconds
        with self._changed:
            while True:
                for line in self.lines[after:]:
                    if text in line:
                        return line
                left = deadline - time.monotonic()
                if left <= 0 or self._ended:
                    printed = "\n".join(self.lines)
                    raise RuntimeError(f"it did not print {text!r}; it printed:\n{printed}")
                self._changed.wait(left)

    def _read(self, process: subprocess.Popen[str]) -> None:
        assert process.stdout is not None
        with process.stdout:
            for line in process.stdout:
                with self._changed:
                    self.lines.append(line.rstrip("\n"))
                    self._changed.notify_all()
        with self._changed:
            self._ended = True
            self._changed.notify_all()

    def __enter__(self) -> RunningReceiver:
        return self.start()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        try:
            self.stop()
        finally:
            if self._temporary is not None:
                self._temporary.cleanup()
