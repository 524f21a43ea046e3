"""`receiver dev` as its user meets it: start, send, look, stop."""

from __future__ import annotations

import json
import signal
import socket
import stat
import time
from pathlib import Path

import httpx
import pytest

from receiver.testing import RunningReceiver

SLEEPY = """
import time
from receiver import hookimpl

@hookimpl
def on_event(event):
    print("begun", flush=True)
    time.sleep(20)
"""


def test_an_event_that_is_sent_is_delivered(running: RunningReceiver) -> None:
    [answer] = running.send("appliance/online", "--set", "data.applianceID=door-7")
    assert (answer["status"], answer["said"]) == (200, "accepted")
    assert running.wait_for("delivered appliance/online door-7")


def test_a_refused_request_prints_one_line_with_what_would_be_accepted(
    running: RunningReceiver,
) -> None:
    answer = httpx.post(f"{running.url}/gridx/events/appliance/online", content=b"{}")
    assert (answer.status_code, answer.content) == (401, b"")
    line = running.wait_for("401 gridx_appliance_online: no signature header was sent")
    assert line.endswith("accepted would be: receiver send appliance/online")
    assert running.send("appliance/online")[0]["said"] == "accepted"


def test_a_wrong_path_or_method_prints_the_nearest_event_path(running: RunningReceiver) -> None:
    assert httpx.post(f"{running.url}/gridx/event/appliance/online").status_code == 404
    line = running.wait_for("404 POST /gridx/event/appliance/online: no event path; the nearest is")
    assert "/gridx/events/appliance/online; accepted would be: receiver send" in line
    assert httpx.get(f"{running.url}/gridx/events/appliance/online").status_code == 405
    assert running.wait_for("405 GET /gridx/events/appliance/online: an event path takes POST only")


def test_a_body_over_the_limit_prints_what_to_do(running: RunningReceiver) -> None:
    url = f"{running.url}/gridx/events/appliance/online"
    assert httpx.post(url, content=bytes(1_100_000)).status_code == 413
    line = running.wait_for("413 gridx_appliance_online: the body has more than 1048576 bytes")
    assert line.endswith("raise x-receiver.limits.body of it in the spec")


def test_a_quarantined_event_prints_its_problems_and_where_to_look(
    running: RunningReceiver,
) -> None:
    [answer] = running.send("appliance/online", "--set", "data=5")
    assert answer["said"] == "quarantined"
    line = running.wait_for("200 gridx_appliance_online: quarantined: /data: ")
    assert line.endswith("see: receiver quarantine list")


def test_every_dead_letter_is_a_line(tmp_path: Path) -> None:
    picky = """
from receiver import Reject, hookimpl

@hookimpl
def on_event(event):
    raise Reject("not here")
"""
    with RunningReceiver(tmp_path, config="autoroute = true", plugins={"picky.py": picky}) as one:
        ids = [
            name
            for answer in one.send("appliance/online", "--count", "5")
            for name in answer["ids"]
        ]
        for name in ids:
            assert "dead letter" in one.wait_for(f"event_id={name}")


def test_ctrl_c_ends_it_cleanly_and_the_next_start_goes_on(tmp_path: Path) -> None:
    receiver = RunningReceiver(tmp_path).start()
    [first] = receiver.send("appliance/online")
    assert receiver.stop(signal.SIGINT) == 0
    assert receiver.lines[-1].startswith("stopped;")
    assert not any("Traceback" in line for line in receiver.lines)
    banner = len(receiver.lines)
    receiver.start()
    assert [event["id"] for event in events(receiver)] == first["ids"]
    assert not any("secrets" in line for line in receiver.lines[banner:])
    assert receiver.stop(signal.SIGTERM) == 0


def test_secrets_are_shown_once_and_kept_for_the_owner_only(tmp_path: Path) -> None:
    with RunningReceiver(tmp_path) as receiver:
        assert any(line.startswith("gridx\tX-Signature\thmac\t") for line in receiver.lines)
    kept = tmp_path / ".receiver" / "secrets.json"
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600
    assert stat.S_IMODE(kept.parent.stat().st_mode) == 0o700


def test_a_port_in_use_is_one_line_with_a_way_out(tmp_path: Path) -> None:
    receiver = RunningReceiver(tmp_path)
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        done = receiver.run("dev", "--port", str(port))
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == (
        f"receiver: cannot listen on 127.0.0.1 port {port}: Address already in use; stop the "
        f"program that has it, or choose another: receiver dev --port {port + 1}\n"
    )


@pytest.mark.parametrize(
    ("host", "said"),
    [
        ("nohost.invalid", "there is no such host; name an address of this machine"),
        ("192.0.2.7", "it is none of this machine"),  # of RFC 5737: nobody has it
    ],
)
def test_an_address_that_is_not_ours_is_told_as_that(tmp_path: Path, host: str, said: str) -> None:
    done = RunningReceiver(tmp_path).run("dev", "--port", "0", "--host", host)
    assert (done.returncode, done.stderr.count("\n")) == (1, 1)
    assert done.stderr.startswith(f"receiver: cannot listen on {host} port 0: ")
    assert said in done.stderr
    assert "stop the program" not in done.stderr


def test_a_store_that_cannot_be_made_is_told_with_a_way_out(tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("")
    receiver = RunningReceiver(tmp_path)
    places = {"taken": "is no folder", "taken/deep": "is no folder"}
    if Path("/proc/self").exists():
        places["/proc/here"] = "cannot make the folder /proc/here: "
    for place, said in places.items():
        done = receiver.run("dev", "--port", "0", "--store-dir", place)
        assert (done.returncode, done.stdout, done.stderr.count("\n")) == (1, "", 1)
        assert said in done.stderr
        assert done.stderr.endswith("; use another --store-dir\n")


def test_two_receivers_never_deliver_from_one_store(running: RunningReceiver) -> None:
    done = running.run("dev", "--port", "0")
    assert done.returncode == 1
    assert "another receiver delivers from" in done.stderr


def test_everything_works_with_a_configuration_and_without_the_lane(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    config = f"""
    [server]
    public = "127.0.0.1:{port}"
    lane = false
    [sources.gridx]
    secrets = [{{ name = "2026-a", value = "env:GRIDX" }}]
    """
    receiver = RunningReceiver(tmp_path, config=config, environ={"GRIDX": "s3cret"})
    receiver._arguments = []  # the port is the configuration's, not the kit's
    receiver.start()
    try:
        assert receiver.url == f"http://127.0.0.1:{port}"
        [answer] = receiver.send("appliance/online")
        assert answer["said"] == "accepted"
        [event] = events(receiver)
        assert event["secret"] == "2026-a"
    finally:
        receiver.stop()


def test_a_secret_that_does_not_resolve_stops_the_start(tmp_path: Path) -> None:
    config = '[sources.gridx]\nsecrets = [{ name = "a", value = "env:NOWHERE" }]'
    done = RunningReceiver(tmp_path, config=config).run("dev", "--port", "0")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == (
        "receiver: receiver.toml:2: [sources.gridx] secrets[0].value: the environment variable "
        "NOWHERE is not set; set it, and start again\n"
    )


def test_a_stop_waits_the_configured_grace_and_no_longer(tmp_path: Path) -> None:
    config = '[server]\ngrace = 0.5\n[routes.sleepy]\nsink = "sleepy"'
    receiver = RunningReceiver(tmp_path, config=config, plugins={"sleepy.py": SLEEPY}).start()
    receiver.send("appliance/online")
    receiver.wait_for("begun")
    began = time.monotonic()
    receiver.stop()
    assert time.monotonic() - began < 10


def test_ipv6_is_listened_on(tmp_path: Path) -> None:
    try:
        socket.create_server(("::1", 0), family=socket.AF_INET6).close()
    except OSError:
        pytest.skip("this machine has no IPv6")
    with RunningReceiver(tmp_path, arguments=["--host", "::1"]) as receiver:
        assert receiver.url.startswith("http://[::1]:")
        assert receiver.send("appliance/online")[0]["said"] == "accepted"


def events(receiver: RunningReceiver) -> list[dict[str, object]]:
    listed: list[dict[str, object]] = json.loads(receiver.run("events", "list", "--json").stdout)
    return listed
