"""Where a source's requests may come from, as far as proxies of ours tell it."""

from __future__ import annotations

import gzip
import json
import time
from collections.abc import Iterator
from ipaddress import ip_network
from pathlib import Path

import httpx
import pytest

from receiver.keyring import SourceKeys
from receiver.testing import RunningReceiver

KEY = "k" * 32
BATCH = json.dumps([{"ident": "a", "timestamp": 1767225600.5}, {"no": "ident"}]).encode()
CONFIG = f"""
[server]
proxies = ["127.0.0.1"]
[sources.flespi]
networks = ["185.213.2.0/24", "2001:db8::/32"]
headers = [{{ name = "X-Flespi-Key", value = "{KEY}" }}]
"""


@pytest.fixture(scope="module", params=["on", "off"])
def receiver(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[RunningReceiver]:
    folder = tmp_path_factory.mktemp("networks")
    with RunningReceiver(folder, config=CONFIG, arguments=["--lane", request.param]) as receiver:
        yield receiver


def post(receiver: RunningReceiver, *, key: str = KEY, **headers: str) -> httpx.Response:
    told = {"X-Flespi-Key": key, **{name.replace("_", "-"): v for name, v in headers.items()}}
    body = gzip.compress(BATCH) if "Content_Encoding" in headers else BATCH
    with httpx.Client(verify=False) as client:  # making a context for TLS takes longer
        return client.post(f"{receiver.url}/flespi/messages", content=body, headers=told)


@pytest.mark.parametrize("sender", ["185.213.2.10", "[2001:db8::1]:443", "6.6.6.6, 185.213.2.110"])
def test_a_batch_from_there_is_answered_exactly_200(receiver: RunningReceiver, sender: str) -> None:
    answer = post(receiver, X_Forwarded_For=sender)
    assert answer.status_code == 200
    assert answer.json()["quarantined"] == 1
    packed = post(receiver, X_Forwarded_For=sender, Content_Encoding="gzip")
    assert packed.status_code == 200


@pytest.mark.parametrize("sender", ["185.213.3.10", "185.213.2.10, 1.2.3.4", "unknown", None])
def test_a_request_from_elsewhere_is_refused_though_it_has_the_key(
    receiver: RunningReceiver, sender: str | None
) -> None:
    answer = post(receiver, **({"X_Forwarded_For": sender} if sender else {}))
    assert (answer.status_code, answer.content) == (401, b"")


def test_the_key_is_asked_for_all_the_same(receiver: RunningReceiver) -> None:
    answer = post(receiver, key="z" * 32, X_Forwarded_For="185.213.2.10")
    assert answer.status_code == 401


def test_changed_networks_are_taken_up(tmp_path: Path) -> None:
    with RunningReceiver(tmp_path, config=CONFIG) as receiver:
        assert post(receiver).status_code == 401
        draft = tmp_path / "draft.toml"
        draft.write_text(CONFIG.replace("185.213.2.0/24", "127.0.0.0/8"))
        draft.replace(tmp_path / "receiver.toml")
        end = time.monotonic() + 40
        while post(receiver).status_code != 200:
            assert time.monotonic() < end, "it was not taken up"
            time.sleep(0.05)


def test_an_address_of_ipv4_in_ipv6_is_the_former() -> None:
    keys = SourceKeys(networks=(ip_network("185.213.2.0/24"),))
    assert keys.admits("::ffff:185.213.2.10")
    assert not keys.admits("::ffff:185.213.3.10")
    assert not keys.admits(None)
    assert not keys.admits("a unix socket")
    assert SourceKeys().admits(None)
