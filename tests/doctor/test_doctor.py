"""The doctor names what is wrong, and how to put it right."""

from __future__ import annotations

import http.server
import json
import os
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from importlib.metadata import PackageNotFoundError
from pathlib import Path
from typing import Any

import pytest

from receiver.doctor import clock, installed, machine, sinks, store
from receiver.doctor.examination import examine
from receiver.doctor.finding import Finding
from receiver.settings import Settings
from receiver.settings.file import load

Doctor = Callable[..., tuple[list[Finding], int]]
Look = Callable[..., list[Finding]]

GOOD = "from receiver import hookimpl\n\n@hookimpl\ndef on_event(event): ...\n"
THREADS = "import threading, time\nthreading.Thread(target=time.sleep, args=(60,)).start()\n" + GOOD
CLOSED = '''
from receiver import Sink, hookimpl

class Closed(Sink):
    """Cannot be opened."""

    async def open(self):
        raise ConnectionRefusedError("nobody is there")

    @hookimpl
    def on_event(self, event): ...
'''


@pytest.fixture
def written(tmp_path: Path) -> Callable[..., Path]:
    """Writes a configuration, and plugins beside it."""

    def write(text: str = "", **plugins: str) -> Path:
        (tmp_path / "sinks").mkdir(exist_ok=True)
        for name, source in plugins.items():
            (tmp_path / "sinks" / f"{name}.py").write_text(source)
        with socket.create_server(("127.0.0.1", 0)) as one:
            free = one.getsockname()[1]
        head = f'plugins_dir = "sinks"\n{text}'
        if "[server]" not in text:
            head += f'\n[server]\npublic = "127.0.0.1:{free}"\nadmin = "127.0.0.1:{free}"\n'
        path = tmp_path / "receiver.toml"
        path.write_text(head)
        return path

    return write


@pytest.fixture
def doctor(written: Callable[..., Path]) -> Doctor:
    """Runs the command in a folder with a configuration; its findings and exit status."""

    def run(text: str = "", **plugins: str) -> tuple[list[Finding], int]:
        path = written(text, **plugins)
        done = subprocess.run(
            [sys.executable, "-m", "receiver", "doctor", "--json"],
            cwd=path.parent,
            capture_output=True,
            text=True,
            timeout=120,
        )
        assert done.stderr == ""
        return [Finding(**json.loads(line)) for line in done.stdout.splitlines()], done.returncode

    return run


@pytest.fixture
def look(written: Callable[..., Path], monkeypatch: pytest.MonkeyPatch) -> Look:
    """What is found without the sinks, which take a process each."""

    def run(text: str = "") -> list[Finding]:
        path = written(text)
        monkeypatch.setattr(sinks, "tried", lambda *_: iter(()))
        return list(examine(lambda: load(path, {}), {}, online=None))

    return run


def of(findings: list[Finding], check: str, state: str) -> list[str]:
    return [each.text for each in findings if (each.check, each.state) == (check, state)]


def test_where_all_is_well_nothing_fails(doctor: Doctor) -> None:
    findings, status = doctor("", good=GOOD)

    assert status == 0
    assert [each for each in findings if each.state == "fail"] == []
    assert {each.check for each in findings} >= {
        "library", "sqlite", "settings", "store", "inbox", "space", "files", "port", "secret",
        "plugin",
    }  # fmt: skip
    assert all(each.fix for each in findings if each.state != "ok")


def test_sinks_are_opened_threads_at_import_are_named_and_a_route_without_a_sink(
    doctor: Doctor,
) -> None:
    findings, status = doctor(
        '[routes.a]\nsink = "closed"\n[routes.b]\nsink = "missing"\n[routes.c]\nsink = "good"\n',
        closed=CLOSED,
        threads=THREADS,
        good=GOOD,
        broken="import nothing_of_that_name\n",
        leaves="import os\nos._exit(3)\n",
    )

    assert status == 1
    failures = " ".join(of(findings, "sink", "fail"))
    assert "ConnectionRefusedError: nobody is there" in failures
    assert "there is no sink 'missing'" in failures
    warnings = " ".join(of(findings, "plugin", "warn"))
    assert "importing threads starts threads" in warnings
    assert "broken cannot be imported" in warnings
    assert "leaves cannot be imported: it ended its process (exit status 3)" in warnings


def test_a_secret_that_does_not_resolve_is_named_and_never_shown(look: Look) -> None:
    findings = look('[sources.gridx]\nsecrets = [{ name = "a", value = "env:NOT_SET_ANYWHERE" }]\n')

    assert "NOT_SET_ANYWHERE" in of(findings, "secret", "fail")[0]


def test_secrets_that_expire_soon_and_files_that_others_read(look: Look, tmp_path: Path) -> None:
    soon = f"{datetime.now(UTC) + timedelta(days=3):%Y-%m-%d}"
    secret = 'secrets = [{ name = "a", value = "a-secret-of-some-length", '
    findings = look(f"[sources.gridx]\n{secret}expires = {soon} }}]\n")

    told = of(findings, "secret", "warn")
    assert f"the last secret of gridx expires {soon}" in told
    assert any("receiver.toml" in text for text in told)
    assert "a-secret-of-some-length" not in str(findings)


def test_an_address_that_somebody_has_is_a_failure(look: Look) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        where = f"127.0.0.1:{taken.getsockname()[1]}"
        findings = look(f'[server]\npublic = "{where}"\nadmin = "127.0.0.1:0"\n')

    assert where in of(findings, "port", "fail")[0]


def test_a_wrong_configuration_is_told_line_by_line(look: Look) -> None:
    findings = look("[retention]\nevnts = 3\n")

    assert "evnts" in of(findings, "settings", "fail")[0]


def test_a_store_that_is_none_is_a_failure(look: Look, tmp_path: Path) -> None:
    (tmp_path / ".receiver").mkdir(mode=0o755)
    (tmp_path / ".receiver" / "inbox.db").write_text("this is no database")
    (tmp_path / ".receiver" / "secrets.json").write_text("{}")
    (tmp_path / ".receiver" / "secrets.json").chmod(0o644)

    findings = look()

    assert of(findings, "inbox", "fail")
    assert any("secrets.json" in text for text in of(findings, "store", "fail"))
    assert len(of(findings, "store", "warn")) == 2


@pytest.fixture
def web() -> Iterator[Callable[[float], str]]:
    """Serves a Date that is off by some seconds."""
    off = [0.0]

    class Off(http.server.BaseHTTPRequestHandler):
        def do_HEAD(self) -> None:
            self.send_response(200)
            self.end_headers()

        def date_time_string(self, timestamp: Any = None) -> str:
            return super().date_time_string(int(datetime.now(UTC).timestamp() + off[0]))

        def log_message(self, *_: Any) -> None:
            """Nothing is said."""

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Off)
    threading.Thread(target=server.serve_forever, daemon=True).start()

    def serve(seconds: float) -> str:
        off[0] = seconds
        return f"http://127.0.0.1:{server.server_port}"

    yield serve
    server.shutdown()
    server.server_close()


@pytest.mark.parametrize(("off", "state"), [(0, "ok"), (-20, "warn"), (500, "fail")])
def test_the_clock_is_compared_with_a_web_server(
    web: Callable[[float], str], off: float, state: str
) -> None:
    assert clock.online(web(off)).state == state


def test_a_web_server_that_is_not_there_is_a_warning() -> None:
    assert clock.online("http://127.0.0.1:9").state == "warn"
    assert clock.online("no url at all").state == "warn"


def test_a_clock_that_was_set_back_is_told_by_the_newest_event(tmp_path: Path) -> None:
    later = datetime.now(UTC) + timedelta(hours=1)

    texts = [each.text for each in clock.local(tmp_path, later)]

    assert any("the clock was set back" in text for text in texts)


def test_a_clock_that_is_set_meanwhile_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    watch = clock.Watch()
    assert watch.looked_at() == []
    now = clock.time.time()
    monkeypatch.setattr(clock.time, "time", lambda: now + 60)

    assert "+60" in watch.looked_at()[0].text


def test_libraries_that_are_too_old_missing_or_faulty_are_named() -> None:
    def found(name: str) -> str:
        if name == "pluggy":
            raise PackageNotFoundError(name)
        return {"httpx": "0.1", "h11": "0.14.0"}.get(name, "9999")

    told = {each.text: each.state for each in installed.libraries(found)}

    assert told["httpx 0.1 is none that Receiver was made for"] == "fail"
    assert told["pluggy is not installed"] == "fail"
    assert told["h11 0.14.0 has a published fault (CVE-2025-43859)"] == "warn"


@pytest.mark.parametrize(
    ("version", "state"),
    [("3.40.1", "warn"), ("3.51.2", "warn"), ("3.51.3", "ok"), ("3.50.7", "ok"), ("3.53.0", "ok")],
)
def test_an_sqlite_with_the_wal_fault_is_named(version: str, state: str) -> None:
    assert installed.sqlite(version).state == state


def test_too_few_files_for_the_connections_are_told() -> None:
    many = Settings.model_validate({"server": {"connections": 10**9, "workers": 10_000}})

    told = {each.check: each.state for each in machine.limits(many)}

    assert told["files"] == "fail"
    assert told["memory"] == told["workers"] == "warn"


def test_a_disk_with_less_room_than_the_limit_is_a_warning(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def state(hard: float) -> str:
        found = machine.disks(tmp_path, hard, 0)
        return next(each.state for each in found if each.check == "space")

    assert state(1.0) == "ok"
    assert state(1e18) == "warn"
    monkeypatch.setattr(machine, "LITTLE", 1 << 62)
    assert state(1.0) == "fail"


def test_a_store_of_another_user_is_a_failure(tmp_path: Path, barred: Any) -> None:
    with barred(tmp_path):
        [found] = store.permissions(tmp_path / "inbox.db")

    assert (found.state, found.text) == ("fail", f"{tmp_path} cannot be written by this user")


def test_a_plugin_that_hangs_when_imported_is_given_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "sinks").mkdir()
    (tmp_path / "sinks" / "hangs.py").write_text("import time\ntime.sleep(100)\n")
    (tmp_path / "receiver.toml").write_text('plugins_dir = "sinks"\n')
    monkeypatch.setattr(sinks, "SECONDS", 2.0)

    environ = {**os.environ, "RECEIVER_CONFIG": str(tmp_path / "receiver.toml")}
    (finding,) = sinks.tried({"hangs": "a file"}, {}, environ)

    assert finding.state == "warn"
    assert "did not end within 2 s" in finding.text
