"""`receiver serve`, its processes by what they are, and a service manager that starts it again.

Must not know: what is sent to it, what is checked.
"""

from __future__ import annotations

import os
import random
import signal
import socket
import subprocess
import sys
import threading
import time
import uuid
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from witnesses import PLUGINS, Route

MARK = "CRASH_HARNESS"
"""The variable by which the processes of one run are found, also those without a parent."""
KINDS = ("arbiter", "worker", "backstage", "sink")


@dataclass(frozen=True, slots=True)
class Found:
    """One process of the receiver."""

    pid: int
    parent: int
    kind: str


def free_port() -> int:
    """One that stays free: below those that the system gives to connections (ip(7))."""
    while True:
        port = random.randrange(20_000, 32_000)
        with socket.socket() as probe, suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port


class Served:
    """One receiver in a folder of its own; a context manager.

    While in the block it is started again whenever its arbiter ends, as a service manager would.
    """

    def __init__(
        self,
        folder: Path,
        secret: bytes,
        routes: tuple[Route, ...],
        *,
        workers: int = 2,
        fail: float = 0.0,
        grace: float = 10.0,
        store: Path | None = None,
        environ: Mapping[str, str] | None = None,
    ) -> None:
        self.folder = folder
        self.routes = routes
        self.port, admin = free_port(), free_port()
        self.store = (store or folder / "store") / "inbox.db"
        self.log = folder / "receiver.log"
        self.starts = 0
        self._mark = uuid.uuid4().hex
        self._environ = {**os.environ, **(environ or {}), MARK: self._mark}
        self._process: subprocess.Popen[bytes] | None = None
        self._wanted = False
        self._manager: threading.Thread | None = None
        shelf = folder / "plugins"
        shelf.mkdir(parents=True)
        for name, text in PLUGINS.items():
            (shelf / name).write_text(text)
        (folder / "receiver.toml").write_text(
            'plugins_dir = "plugins"\n'
            f'[server]\npublic = "127.0.0.1:{self.port}"\nadmin = "127.0.0.1:{admin}"\n'
            f"workers = {workers}\ngrace = {grace}\n"
            f'[store]\nurl = "sqlite:///{self.store}"\n'
            f'[sources.gridx]\nsecrets = [{{ name = "a", value = "{secret.decode()}" }}]\n'
            + "".join(route.toml(self.notes(route), fail) for route in routes)
        )

    def notes(self, route: Route) -> Path:
        """The file in which the sink of a route notes its deliveries."""
        return self.folder / f"{route.name}.txt"

    # -- life ------------------------------------------------------------------------------------

    def __enter__(self) -> Served:
        self._wanted = True
        self._start()
        self._manager = threading.Thread(target=self._manage, daemon=True)
        self._manager.start()
        self.wait_until_up()
        return self

    def __exit__(self, *_: object) -> None:
        self._wanted = False
        if self._manager is not None:
            self._manager.join()
        for found in self.processes():
            with suppress(ProcessLookupError):
                os.kill(found.pid, signal.SIGKILL)
        if self._process is not None:
            self._process.wait()

    def _start(self) -> None:
        self.starts += 1
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "receiver", "serve"],
                cwd=self.folder,
                env=self._environ,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )

    def _manage(self) -> None:
        while self._wanted:
            assert self._process is not None
            if self._process.poll() is not None:
                self._start()
            time.sleep(0.1)

    def wait_until_up(self, seconds: float = 60.0) -> None:
        """Until it listens. Raises RuntimeError with what it printed."""
        self._until(self._listens, "it does not listen", seconds)

    def counted(self, pid: int) -> Path:
        """The file in which a worker counts; it is made for its first event."""
        return self.store.parent / "metrics" / f"counter_{pid}.db"

    def _listens(self) -> bool:
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self.port)) == 0

    def _until(self, true: Callable[[], bool], otherwise: str, seconds: float) -> None:
        end = time.monotonic() + seconds
        while not true():
            if time.monotonic() > end:
                raise RuntimeError(f"{otherwise} within {seconds:g} s:\n{self.printed()}")
            time.sleep(0.05)

    def printed(self) -> str:
        """The end of what it has printed."""
        return self.log.read_text(errors="replace")[-4000:] if self.log.exists() else ""

    def terminate(self, seconds: float = 40.0) -> int:
        """SIGTERM to the arbiter; its exit status. The manager starts another one then."""
        process = self._process
        assert process is not None
        process.terminate()
        return process.wait(seconds)

    def stop(self, seconds: float = 40.0) -> int:
        """SIGTERM, for good; its exit status."""
        self._wanted = False
        assert self._manager is not None
        self._manager.join()
        return self.terminate(seconds)

    # -- its processes ---------------------------------------------------------------------------

    def processes(self) -> list[Found]:
        """All that run now, also those that lost their parent."""
        mark = f"{MARK}={self._mark}".encode()
        found = []
        for entry in Path("/proc").iterdir():
            if not entry.name.isdigit():
                continue
            with suppress(OSError, IndexError, ValueError):
                if mark not in (entry / "environ").read_bytes().split(b"\0"):
                    continue
                said = (entry / "cmdline").read_bytes()
                parent = int((entry / "stat").read_text().rpartition(")")[2].split()[1])
                found.append(Found(int(entry.name), parent, self._kind(int(entry.name), said)))
        return found

    def of(self, kind: str) -> list[Found]:
        """Those of a kind."""
        return [found for found in self.processes() if found.kind == kind]

    def _kind(self, pid: int, said: bytes) -> str:
        if b"receiver.isolation.child" in said:
            return "sink"
        if b"backstage" in said:
            return "backstage"
        if b"\0serve\0" not in said:
            return "other"
        process = self._process
        return "arbiter" if process is not None and process.pid == pid else "worker"
