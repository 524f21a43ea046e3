"""Certificates: pinned, or fetched within limits and kept; what failed is not asked for at once."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest

from receiver.keyring import SnsTrust
from receiver.signature.snsaddress import CertificateAddress
from receiver.sources.sns import certificates
from receiver.sources.sns.asking import LARGEST, Asker, NoAnswer
from receiver.sources.sns.certificates import Certificates, Unobtainable

TRUST = SnsTrust(("*",))


@dataclass
class Server:
    """A server on a port of this machine that answers every question in the same way."""

    head: bytes = b"HTTP/1.1 200 OK\r\nconnection: close\r\n"
    body: bytes = b""
    silent: bool = False
    over: asyncio.Event = field(default_factory=asyncio.Event)
    tasks: set[asyncio.Task[None] | None] = field(default_factory=set)
    asked: list[bytes] = field(default_factory=list)
    url: str = ""

    async def answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.tasks.add(asyncio.current_task())
        self.asked.append(await reader.readuntil(b"\r\n\r\n"))
        if self.silent:
            await self.over.wait()
        length = b"content-length: %d\r\n" % len(self.body)
        writer.write(self.head + length + b"\r\n" + self.body)
        writer.close()
        with suppress(ConnectionError):  # the client has hung up, as it should
            await writer.wait_closed()


@pytest.fixture
async def server() -> Any:
    made = Server()
    listening = await asyncio.start_server(made.answer, "127.0.0.1", 0)
    made.url = f"http://127.0.0.1:{listening.sockets[0].getsockname()[1]}/a.pem"
    yield made
    listening.close()
    made.over.set()
    await asyncio.gather(*(task for task in made.tasks if task is not None))


@pytest.fixture
async def asker() -> Any:
    made = Asker(seconds=20)
    yield made
    await made.close()


class Counting(Asker):
    """An asker that has one answer ready, or none, and counts the questions."""

    def __init__(self, answer: bytes | Exception) -> None:
        super().__init__()
        self.answer = answer
        self.asked: list[str] = []

    async def get(self, url: str, *, allow_private: bool) -> bytes:
        self.asked.append(url)
        await asyncio.sleep(0)
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer


@dataclass
class Clock:
    now: float = 1000.0

    def __call__(self) -> float:
        return self.now


def address(amazon: Any, number: int = 0) -> CertificateAddress:
    file = amazon.file.replace("0", str(number), 1)
    return CertificateAddress(f"https://{amazon.host}/{file}", amazon.host, file)


async def refusal(asking: Awaitable[object]) -> str:
    with pytest.raises((NoAnswer, Unobtainable)) as caught:
        await asking
    return str(caught.value)


async def test_an_answer_is_read_within_its_limits(server: Server, asker: Asker) -> None:
    server.body = b"x" * LARGEST
    assert await asker.get(server.url, allow_private=True) == server.body
    server.body += b"x"
    assert "more than" in await refusal(asker.get(server.url, allow_private=True))


async def test_a_slow_answer_is_none(server: Server) -> None:
    server.silent = True
    asker = Asker(seconds=0.3)
    assert "does not answer" in await refusal(asker.get(server.url, allow_private=True))
    await asker.close()


@pytest.mark.parametrize("status", [b"301 Moved", b"404 Not Found", b"500 No", b"204 Nothing"])
async def test_anything_but_200_is_no_answer_and_no_redirect_is_followed(
    server: Server, asker: Asker, status: bytes
) -> None:
    server.head = b"HTTP/1.1 %s\r\nlocation: %s\r\n" % (status, server.url.encode())
    assert status[:3].decode() in await refusal(asker.get(server.url, allow_private=True))
    assert len(server.asked) == 1


async def test_private_addresses_are_not_asked_unless_that_is_allowed(
    server: Server, asker: Asker
) -> None:
    assert "refused to connect" in await refusal(asker.get(server.url, allow_private=False))
    assert server.asked == []


async def test_a_server_that_is_not_there_is_no_answer(asker: Asker) -> None:
    assert await refusal(asker.get("http://127.0.0.1:1/a.pem", allow_private=True))


async def test_a_client_is_made_once_and_closed(server: Server) -> None:
    made: list[httpx.AsyncClient] = []

    def make(allow_private: bool) -> httpx.AsyncClient:
        made.append(httpx.AsyncClient())
        return made[-1]

    asker = Asker(make)
    await asyncio.gather(*(asker.get(server.url, allow_private=True) for _ in range(5)))
    await asker.close()
    assert all(client.is_closed for client in made)


async def test_one_certificate_is_fetched_once_however_many_want_it(amazon: Any) -> None:
    asker = Counting(amazon.pem)
    store = Certificates(asker)
    wanted = [store.get(address(amazon), TRUST, allowed=True) for _ in range(20)]
    first, *others = await asyncio.gather(*wanted)
    assert all(other is first for other in others)
    assert asker.asked == [address(amazon).url]


async def test_who_gives_up_waiting_does_not_take_it_from_the_others(amazon: Any) -> None:
    store = Certificates(Counting(amazon.pem))
    one = asyncio.create_task(store.get(address(amazon), TRUST, allowed=True))
    other = asyncio.create_task(store.get(address(amazon), TRUST, allowed=True))
    await asyncio.sleep(0)
    one.cancel()
    assert (await other).key.public_numbers() == amazon.key.public_key().public_numbers()


async def test_what_could_not_be_had_is_asked_for_again_only_after_a_while(amazon: Any) -> None:
    asker, clock = Counting(NoAnswer("no")), Clock()
    store = Certificates(asker, clock=clock)
    for _ in range(3):
        assert "cannot be had: no" in await refusal(store.get(address(amazon), TRUST, allowed=True))
    assert len(asker.asked) == 1
    asker.answer = amazon.pem
    clock.now += certificates.FAILED_SECONDS
    await store.get(address(amazon), TRUST, allowed=True)
    assert len(asker.asked) == 2


async def test_strangers_topics_cannot_have_many_fetched_nor_use_up_those_of_others(
    amazon: Any,
) -> None:
    asker, clock = Counting(NoAnswer("no")), Clock()
    store = Certificates(asker, clock=clock)
    most = certificates.MOST_ASKED_FOR_STRANGERS
    for number in range(most + 5):
        await refusal(store.get(address(amazon, 1000 + number), TRUST, allowed=False))
    assert len(asker.asked) == most
    asker.answer = amazon.pem
    await store.get(address(amazon), TRUST, allowed=True)
    clock.now += certificates.ASKED_SECONDS
    await store.get(address(amazon, 7), TRUST, allowed=False)


async def test_what_strangers_cause_to_fail_does_not_fail_for_others(amazon: Any) -> None:
    asker = Counting(NoAnswer("no"))
    store = Certificates(asker)
    for number in range(certificates.MOST_ASKED_FOR_STRANGERS):
        await refusal(store.get(address(amazon, 1000 + number), TRUST, allowed=False))
    asker.answer = amazon.pem
    stranger = asyncio.create_task(store.get(address(amazon), TRUST, allowed=False))
    await asyncio.sleep(0)
    assert (await store.get(address(amazon), TRUST, allowed=True)).key
    assert "too many" in await refusal(stranger)


async def test_the_tables_do_not_grow_without_end(
    amazon: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(certificates, "MOST_KEPT", 3)
    monkeypatch.setattr(certificates, "MOST_FAILED", 3)
    asker = Counting(amazon.pem)
    store = Certificates(asker)
    for number in range(8):
        await store.get(address(amazon, number), TRUST, allowed=True)
    asker.answer = NoAnswer("no")
    for number in range(10, 18):
        await refusal(store.get(address(amazon, number), TRUST, allowed=True))
    assert (len(store._kept), len(store._failed)) == (3, 3)
    assert not store._under_way


async def test_a_pinned_certificate_needs_nobody(
    amazon: Any, certify: Callable[..., bytes], another_key: Any, tmp_path: Path
) -> None:
    asker = Counting(NoAnswer("no internet"))
    trust = SnsTrust(("*",), certificates=str(tmp_path), fetch=False)
    (tmp_path / amazon.file).write_bytes(amazon.pem)
    store = Certificates(asker)
    await store.get(address(amazon), trust, allowed=True)
    other = store.get(address(amazon, 5), trust, allowed=True)
    assert "not among the pinned ones" in await refusal(other)
    assert asker.asked == []


@pytest.mark.parametrize("pem", [b"", b"no certificate", b"-----BEGIN CERTIFICATE-----\n"])
async def test_what_is_no_certificate_is_none(amazon: Any, pem: bytes) -> None:
    store = Certificates(Counting(pem))
    assert "no certificate" in await refusal(store.get(address(amazon), TRUST, allowed=True))
