"""`receiver serve` as operators meet it: start, several workers, signals, the end of processes."""

from __future__ import annotations

import json
import os
import signal
import socket
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import psutil

from receiver.testing import RunningReceiver

Make = Callable[..., Any]


def test_events_are_taken_in_by_several_workers_and_delivered(
    make: Make, platform: Any, eventually: Any
) -> None:
    serving = make(CONFIG_OF_FOUR)
    sender = platform(serving.receiver)
    assert [sender.send().status_code for _ in range(20)] == [200] * 20
    eventually(lambda: sorted(serving.got()) == sorted(sender.accepted))
    eventually(lambda: len(serving.workers) == 4)
    serving.receiver.wait_for("strict: on the disk before")
    serving.receiver.wait_for("[routes.jsonl]")  # an unused sink


CONFIG_OF_FOUR = """
[server]
workers = 4
[sources.gridx]
secrets = [{ name = "a", value = "hush-a" }]
[routes.list]
sink = "lists"
"""


def test_the_public_listener_has_events_and_health_only_and_the_admin_one_the_rest(
    make: Make, platform: Any, eventually: Any
) -> None:
    receiver = make().receiver
    admin = receiver.admin
    public = {path: httpx.get(receiver.url + path).status_code for path in PATHS}
    assert public == dict.fromkeys(PATHS, 404) | {"/healthz": 200}
    eventually(lambda: httpx.get(f"{admin}/readyz").status_code == 200)
    assert {path: httpx.get(admin + path).status_code for path in PATHS[:4]} == dict.fromkeys(
        PATHS[:4], 200
    )
    platform(receiver).send()
    counted = 'receiver_events_total{source="gridx",status="accepted"} 1.0'
    eventually(lambda: counted in httpx.get(f"{admin}/metrics").text)


PATHS = ["/healthz", "/readyz", "/metrics", "/openapi.json", "/docs/", "/"]


def test_sigterm_answers_what_was_read_and_settles_what_was_begun(
    make: Make, platform: Any, eventually: Any
) -> None:
    serving = make(SINK_SECONDS="0.4")
    senders = [platform(serving.receiver) for _ in range(4)]
    failures: list[httpx.HTTPError] = []
    ended = threading.Event()

    def load(sender: Any) -> None:
        while not ended.is_set():
            try:
                sender.send()
            except httpx.HTTPError as error:
                failures.append(error)
                return

    threads = [threading.Thread(target=load, args=(sender,)) for sender in senders]
    for thread in threads:
        thread.start()
    eventually(lambda: len(serving.got()) > 2)
    assert serving.receiver.stop(signal.SIGTERM) == 0
    ended.set()
    for thread in threads:
        thread.join()
    assert [type(error) for error in failures] == [httpx.ConnectError] * 4, "nobody was reset"
    accepted = sorted(answer for sender in senders for answer in sender.accepted)
    again = make()
    eventually(lambda: len(set(again.got())) == len(accepted))
    assert sorted(again.got()) == accepted, "what was answered was delivered once, and no more"


def test_a_request_that_is_half_sent_at_sigterm_is_answered(
    make: Make, platform: Any, eventually: Any
) -> None:
    serving = make()
    sender = platform(serving.receiver)
    sender.send()
    request = sender.request()
    host, port = serving.receiver.url.removeprefix("http://").split(":")
    lines = [f"POST {request.path} HTTP/1.1", f"Host: {host}", *map(": ".join, headers(request))]
    with socket.create_connection((host, int(port)), timeout=20) as half:
        half.sendall("\r\n".join([*lines, "", ""]).encode() + request.body[:40])
        time.sleep(0.3)
        os.kill(serving.receiver.pid, signal.SIGTERM)
        time.sleep(0.7)
        half.sendall(request.body[40:])
        assert half.recv(4096).startswith(b"HTTP/1.1 200 OK")
    assert serving.receiver.stop() == 0


def headers(request: Any) -> list[tuple[str, str]]:
    return [*request.headers.items(), ("Content-Length", str(len(request.body)))]


def test_ctrl_c_in_a_terminal_drains_though_everybody_hears_it(
    make: Make, platform: Any, eventually: Any
) -> None:
    serving = make(SINK_SECONDS="0.5")
    sender = platform(serving.receiver)
    for _ in range(3):
        sender.send()
    eventually(lambda: len(serving.got()) >= 1)
    for process in (psutil.Process(serving.receiver.pid), *serving.children):
        process.send_signal(signal.SIGINT)
    assert serving.receiver.stop(signal.SIGCONT) == 0, "a second Ctrl-C would hurry it"
    assert [line for line in serving.receiver.lines if "Traceback" in line] == []
    again = make()
    eventually(lambda: sorted(again.got()) == sorted(sender.accepted))


def test_sighup_begins_anew_with_new_processes_and_loses_nothing(
    make: Make, platform: Any, eventually: Any, config: str
) -> None:
    serving = make()
    sender = platform(serving.receiver)
    sender.send()
    eventually(lambda: len(serving.workers) == 2 and serving.backstage is not None)
    eventually(lambda: len(serving.got()) == 1)
    before = {process.pid for process in serving.workers}
    serving.configure(config.replace("grace = 5", "grace = 5\nworkers = 3"))
    mark = len(serving.receiver.lines)
    os.kill(serving.receiver.pid, signal.SIGHUP)
    eventually(lambda: len({p.pid for p in serving.workers} - before) == 3)
    eventually(lambda: not {p.pid for p in serving.workers} & before)
    serving.receiver.wait_for("  delivering list", after=mark)
    sender.send()
    eventually(lambda: sorted(serving.got()) == sorted(sender.accepted))
    [answer] = serving.receiver.send("appliance/online")
    assert answer["said"] == "accepted", "it is still known where it listens"


def test_sighup_with_a_wrong_configuration_changes_nothing(
    make: Make, platform: Any, eventually: Any, config: str
) -> None:
    serving = make()
    eventually(lambda: len(serving.workers) == 2)
    serving.receiver.wait_for("  delivering list")
    before = {process.pid for process in serving.children}
    serving.configure(config + "[routes.wrong]\nsink = 'absent'\n")
    os.kill(serving.receiver.pid, signal.SIGHUP)
    line = serving.receiver.wait_for("nothing was reloaded")
    assert "no sink 'absent' is installed" in line
    assert {process.pid for process in serving.children} == before
    assert platform(serving.receiver).send().status_code == 200


def test_a_killed_backstage_is_started_again_and_ingest_goes_on(
    make: Make, platform: Any, eventually: Any
) -> None:
    serving = make()
    sender = platform(serving.receiver)
    sender.send()
    eventually(lambda: len(serving.got()) == 1)
    serving.backstage.kill()
    assert sender.send().status_code == 200
    serving.receiver.wait_for("backstage ended (SIGKILL)")
    # A call whose end was not yet written down is made again: at least once.
    eventually(lambda: set(serving.got()) == set(sender.accepted))


def test_a_killed_worker_is_replaced_also_while_the_configuration_is_wrong(
    make: Make, platform: Any, eventually: Any
) -> None:
    serving = make()
    eventually(lambda: len(serving.workers) == 2)
    serving.configure("[server]\npublic = ")
    for worker in serving.workers:
        worker.kill()
    serving.receiver.wait_for("going on with what was configured before")
    assert platform(serving.receiver).send().status_code == 200


def test_workers_and_backstage_do_not_outlive_a_killed_arbiter(make: Make, eventually: Any) -> None:
    serving = make()
    eventually(lambda: len(serving.children) == 3)
    serving.receiver.wait_for("  delivering list")
    orphans = serving.children
    serving.receiver.stop(signal.SIGKILL)
    eventually(lambda: not any(process.is_running() for process in orphans))


def test_a_mistake_at_the_start_is_one_line_and_exit_1(tmp_path: Path) -> None:
    config = "[routes.r]\nsink = 'absent'\n"
    receiver = RunningReceiver(tmp_path, config=config, command="serve")
    done = receiver.run("serve", "--port", "0")
    assert done.returncode == 1
    [line] = done.stderr.splitlines()
    assert line.startswith("receiver: receiver.toml:2: [routes.r] sink: no sink 'absent'")


def test_a_port_in_use_is_one_line_with_a_way_out(make: Make) -> None:
    receiver = make().receiver
    port = receiver.url.rpartition(":")[2]
    done = receiver.run("serve", "--port", port)
    assert done.returncode == 1
    [line] = done.stderr.splitlines()
    assert line.endswith(f"choose another: receiver serve --port {int(port) + 1}")


def test_send_finds_a_running_serve(make: Make) -> None:
    receiver = make().receiver
    [answer] = receiver.send("appliance/online")
    assert answer["said"] == "accepted"
    told = json.loads((receiver.folder / ".receiver" / "running.json").read_text())
    assert told["url"] == receiver.url


def test_readiness_tells_a_store_that_cannot_be_written(make: Make, eventually: Any) -> None:
    serving = make()
    admin = serving.receiver.admin
    eventually(lambda: httpx.get(f"{admin}/readyz").status_code == 200)
    store = serving.folder / ".receiver" / "inbox.db"
    store.rename(store.with_name("elsewhere.db"))
    eventually(lambda: httpx.get(f"{admin}/readyz").status_code == 503)
    assert "is gone" in httpx.get(f"{admin}/readyz").json()["checks"]["store"]
    store.with_name("elsewhere.db").rename(store)
    time.sleep(1.1)  # what was found holds for a second
    eventually(lambda: httpx.get(f"{admin}/readyz").status_code == 200)
