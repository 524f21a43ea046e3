"""How a sink's process lives: what it gets, what it says, when it ends."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from receiver.inbox.memory import MemoryInbox

SECRET = "quite-secret-4711"


@pytest.fixture
async def inbox() -> Any:
    store = MemoryInbox()
    yield store
    await store.close()


async def test_secrets_are_neither_arguments_nor_variables(stage: Any, eventually: Any) -> None:
    code = """
class Tells(Keeps):
    @hookimpl
    def on_event(self, event):
        folder = self.settings.folder
        folder.joinpath("args").write_bytes(Path("/proc/self/cmdline").read_bytes())
        folder.joinpath("env").write_bytes(Path("/proc/self/environ").read_bytes())
        folder.joinpath("token").write_text(self.settings.token.get_secret_value())
        self.keep(event)
"""
    await stage.append(1)
    route = stage.route("tells", code, settings={"token": SECRET})
    async with stage.playing(route):
        await eventually(lambda: stage.has_all("tells"))
    assert (stage.folder / "token").read_text() == SECRET
    assert b"tells" in (stage.folder / "args").read_bytes()
    for place in ("args", "env"):
        assert SECRET.encode() not in (stage.folder / place).read_bytes()


async def test_no_secret_is_in_what_is_told_of_a_failure(
    stage: Any, eventually: Any, capfd: pytest.CaptureFixture[str]
) -> None:
    code = """
class Leaks(Keeps):
    @hookimpl
    def on_event(self, event):
        token = self.settings.token.get_secret_value()
        print("printed", token)
        print("cried", token, file=sys.stderr)
        self.log.warning("logged", token=token)
        if self.once(event):
            raise ValueError(f"could not use {token}")
        if self.once(event, "died"):
            os._exit(5)
        self.keep(event)
"""
    await stage.append(1)
    route = stage.route("leaks", code, settings={"token": SECRET})
    async with stage.playing(route):
        await eventually(lambda: stage.has_all("leaks"))
    raised, died = (each.failure for each in await stage.inbox.attempts("id-0"))
    assert raised.message == "could not use **********"
    assert "on_event" in raised.traceback
    assert "cried **********" in died.traceback
    out = capfd.readouterr().out
    for word in ("printed", "cried", "logged"):
        assert any(word in line and "route=leaks" in line for line in out.splitlines()), word
    assert SECRET not in out + raised.traceback + died.traceback


async def test_a_flood_of_lines_is_left_out_and_harms_nobody(
    stage: Any, eventually: Any, capfd: pytest.CaptureFixture[str]
) -> None:
    code = """
class Prints(Keeps):
    @hookimpl
    def on_event(self, event):
        for number in range(20_000):
            print("line", number, "x" * 100)
        sys.stdout.write("y" * 3_000_000)
        self.keep(event)
"""
    await stage.append(5)
    async with stage.playing(stage.route("prints", code), stage.good()):
        await eventually(lambda: stage.has_all("good"))
        await eventually(lambda: stage.has_all("prints"))
        assert (await stage.status("prints")).failed == 0
    out = capfd.readouterr().out
    assert "more lines that its process printed are left out" in out
    assert out.count("\n") < 1500


PROGRAM = """
import asyncio, sys
from datetime import UTC, datetime
from pathlib import Path
from receiver.catalogue import load
from receiver.dispatch import Dispatcher, Route
from receiver.inbox import Entry
from receiver.inbox.memory import MemoryInbox
from receiver.plugins import discover

async def main(folder):
    sink, how = sys.argv[2:]
    inbox = MemoryInbox()
    plugin = discover(folder)[sink]
    route = Route(name="r", plugin=plugin, isolation="process", start="beginning")
    now = datetime.now(UTC)
    await inbox.append([Entry(id="1", source="gridx", type="x", key=None, dedup_key=None,
        dedup_window=None, time=now, received_at=now, node=None, user=None, raw=b'{"n": 1}',
        operation="o", secret="s")])
    dispatcher = Dispatcher(inbox, load(), [route])
    running = asyncio.create_task(dispatcher.run())
    while not dispatcher.statuses()[0].delivered and how == "stop":
        await asyncio.sleep(0.01)
    if how == "stop":
        await dispatcher.stop()
    await running

asyncio.run(main(Path(sys.argv[1])))
"""


def program(folder: Path, sink: str, how: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", PROGRAM, str(folder), sink, how],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def test_the_console_prints_as_it_does_among_the_others(tmp_path: Path) -> None:
    out, errors = program(tmp_path, "console", "stop").communicate(timeout=60)
    lines = [line for line in out.splitlines() if line.startswith('{"seq": 1, "id": "1"')]
    assert len(lines) == 1, (out, errors)


@pytest.mark.parametrize(
    "hook",
    [
        "def on_event(event): time.sleep(60)",
        "async def on_event(event):\n    while True: pass",
    ],
    ids=["sleeping", "computing"],
)
def test_it_ends_when_its_parent_is_killed(tmp_path: Path, hook: str) -> None:
    code = f"import os, time\nfrom receiver import hookimpl\n@hookimpl\n{hook}\n"
    pid_file = tmp_path / "pid"
    (tmp_path / "lives.py").write_text(
        f"{code}\nopen({str(pid_file)!r}, 'w').write(str(os.getpid()))\n"
    )
    parent = program(tmp_path, "lives", "run")
    wait_for(lambda: pid_file.exists() and pid_file.read_text() and parent.poll() is None)
    pid = int(pid_file.read_text())
    time.sleep(0.5)
    assert there(pid)
    parent.send_signal(signal.SIGKILL)
    parent.communicate()
    wait_for(lambda: not there(pid))


def there(pid: int) -> bool:
    """Whether a process lives; one that nobody has waited for does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def wait_for(true: Any, seconds: float = 40.0) -> None:
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end
        time.sleep(0.02)


async def test_it_ends_with_its_route_and_what_it_started_ends_with_it(
    stage: Any, eventually: Any
) -> None:
    code = """
class Starts(Keeps):
    @hookimpl
    def on_event(self, event):
        import subprocess
        other = subprocess.Popen(["sleep", "60"])
        (self.settings.folder / "other").write_text(str(other.pid))
        self.keep(event)

    async def close(self):
        (self.settings.folder / "closed").touch()
"""
    await stage.append(1)
    async with stage.playing(stage.route("starts", code)):
        await eventually(lambda: stage.has_all("starts"))
        (pid,) = stage.pids("starts")
        assert pid != os.getpid()
    assert (stage.folder / "closed").exists()
    other = int((stage.folder / "other").read_text())
    await eventually(lambda: not there(pid) and not there(other))


async def test_a_terminals_interrupt_is_its_parents_business(stage: Any, eventually: Any) -> None:
    code = """
class Slow(Keeps):
    @hookimpl
    async def on_event(self, event):
        (self.settings.folder / "pid").write_text(str(os.getpid()))
        await asyncio.sleep(0.5)
        self.keep(event)
"""
    await stage.append(1)
    async with stage.playing(stage.route("slow", code)) as dispatcher:
        await eventually(lambda: (stage.folder / "pid").exists())
        await asyncio.sleep(0.05)
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            os.kill(int((stage.folder / "pid").read_text()), number)
        await eventually(lambda: stage.has_all("slow"))
        assert dispatcher.statuses()[0].restarts == 0
