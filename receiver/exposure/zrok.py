"""zrok's `share public` as a child process: started, its public URL found, ended in order.

Versions 1.0, 1.1 and 2.0 differ in the program's name, in how a kept name is given and in how the
URL is said; which one it is, its own help tells (https://github.com/openziti/zrok,
cmd/zrok2/sharePublic.go, and cmd/zrok/shareReserved.go of 1.0). Must not know: what is shared.
"""

from __future__ import annotations

import re
import shutil
import signal
import subprocess
import threading
import time
from types import TracebackType

from receiver.errors import ReceiverError

PROGRAMS = ("zrok2", "zrok")
STARTING = 45.0
STOPPING = 10.0
HELPING = 15.0
LOOK = 0.5
"""Seconds after which a signal is seen that came just before a wait in the kernel."""

INSTALL = "install it (https://docs.zrok.io), then enable this machine: `zrok enable TOKEN`"

_ANSI = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")
_SAID = re.compile(
    r"access your zrok share(?: at the following endpoints)?:\s*"
    r"(?P<url>https?://[^\s\"'\\]+|[a-z0-9](?:[a-z0-9-]*\.)+[a-z0-9-]+(?::\d+)?)",
    re.IGNORECASE,
)
_LEFT = 20


def find(program: str | None) -> str:
    """The program to run. Raises ReceiverError where there is none."""
    wanted = (program,) if program else PROGRAMS
    for name in wanted:
        if found := shutil.which(name):
            return found
    raise ReceiverError(f"{' or '.join(wanted)} is not installed here; {INSTALL}")


def command(program: str, target: str, name: str | None) -> list[str]:
    """What shares `target`, under a kept name if one is given."""
    said = _help(program)
    local = ["--force-local"] if "--force-local" in said else []
    if name is None:
        return [program, "share", "public", "--headless", *local, target]
    if "--name-selection" in said:
        selection = name if ":" in name else f"public:{name}"
        return [program, "share", "public", "--headless", *local, "-n", selection, target]
    # Before 1.1.4: `zrok reserve public` keeps a name, `zrok share reserved` shares it.
    return [program, "share", "reserved", "--headless", *local, "--override-endpoint", target, name]


def _help(program: str) -> str:
    try:
        done = subprocess.run(  # noqa: S603 (the user's own zrok)
            [program, "share", "public", "--help"],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=HELPING,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise ReceiverError(f"{program} cannot be run: {error}") from None
    return done.stdout + done.stderr


def public_url(said: str) -> str | None:
    """The address in what zrok has said so far; 2.0 leaves the scheme out."""
    plain = _ANSI.sub("", said).replace("\\n", "\n")
    found = _SAID.search(plain)
    if found is None:
        return None
    url = found["url"].rstrip("/")
    return url if url.startswith("http") else f"https://{url}"


def explained(said: str) -> str:
    """Why zrok has ended, in words, with what to do."""
    lines = [line.strip() for line in _ANSI.sub("", said).splitlines() if line.strip()]
    last = lines[-1] if lines else "it said nothing"
    if re.search(r"did you 'zrok2? enable'|unable to load environment", said):
        return (
            "zrok is installed, but not enabled on this machine: get an account (`zrok invite`, or "
            "from who runs your zrok), then `zrok enable TOKEN`"
        )
    if re.search(r"unauthorized|\b401\b", said, re.IGNORECASE):
        return f"zrok does not accept this machine: `zrok disable`, then `zrok enable` ({last})"
    if re.search(r"conflict|\b409\b", said, re.IGNORECASE):
        return f"the name is shared already, or belongs to somebody else ({last})"
    return f"zrok ended: {last}"


class Share:
    """A running share; a context manager that ends it."""

    def __init__(self, program: str, target: str, name: str | None = None) -> None:
        self._command = command(program, target, name)
        self._said: list[str] = []
        self._found = threading.Event()
        self._ended = threading.Event()
        self._url: str | None = None
        self._process: subprocess.Popen[str] | None = None

    def __enter__(self) -> Share:
        """Start it. Raises ReceiverError."""
        try:
            self._process = subprocess.Popen(  # noqa: S603 (the user's own zrok)
                self._command,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                errors="replace",
                start_new_session=True,  # Ctrl-C is ours; it is told when we are done
            )
        except OSError as error:
            raise ReceiverError(f"{self._command[0]} cannot be run: {error}") from None
        threading.Thread(target=self._read, name="zrok", daemon=True).start()
        return self

    def url(self, seconds: float = STARTING) -> str:
        """The public URL, as soon as zrok has said it. Raises ReceiverError."""
        end = time.monotonic() + seconds
        while not self._found.wait(LOOK) and time.monotonic() < end:
            continue
        found = self._url
        if found is None:
            said = "".join(self._said)
            if self.over:
                raise ReceiverError(explained(said))
            raise ReceiverError(f"zrok has told no address within {seconds:g} s: {said[-200:]}")
        return found

    @property
    def over(self) -> bool:
        """Whether zrok has ended by itself."""
        return self._process is None or self._process.poll() is not None

    @property
    def why(self) -> str:
        """Why it has ended."""
        return explained("".join(self._said))

    def wait(self) -> None:
        """Until it ends."""
        while not self.over:
            self._ended.wait(LOOK)

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Have zrok take the share down; kill it where it does not."""
        process = self._process
        if process is None or process.poll() is not None:
            return
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(STOPPING)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()

    def _read(self) -> None:
        assert self._process is not None
        assert self._process.stdout is not None
        with self._process.stdout as lines:
            for line in lines:
                self._said.append(line)
                if self._url is not None:
                    del self._said[:-_LEFT]
                elif (url := public_url("".join(self._said))) is not None:
                    self._url = url
                    self._found.set()
        self._process.wait()
        self._ended.set()
        self._found.set()


def reachable(url: str, seconds: float) -> bool:
    """Whether somebody answers there, within so many seconds: a new name takes a moment."""
    import httpx

    end = time.monotonic() + seconds
    while True:
        try:
            if httpx.get(f"{url}/healthz", timeout=5.0).status_code < 500:
                return True
        except httpx.HTTPError as error:
            if isinstance(error, httpx.UnsupportedProtocol):
                return False
        if time.monotonic() >= end:
            return False
        time.sleep(0.3)
