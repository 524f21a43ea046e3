"""mosquitto, a real broker: one listener without TLS, one that asks for client certificates."""

from __future__ import annotations

import asyncio
import itertools
import shutil
import socket
import subprocess
import time
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import aiomqtt
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

BROKER = shutil.which("mosquitto") or shutil.which("mosquitto", path="/usr/sbin:/usr/local/sbin")
_numbers = itertools.count()


@dataclass
class Broker:
    """A running broker."""

    folder: Path
    port: int
    tls_port: int
    process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        assert BROKER is not None
        self.process = subprocess.Popen(
            [BROKER, "-c", str(self.folder / "mosquitto.conf")],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        end = time.monotonic() + 40
        while True:
            try:
                for port in (self.port, self.tls_port):
                    socket.create_connection(("127.0.0.1", port), timeout=1).close()
                return
            except OSError:
                assert time.monotonic() < end, "mosquitto does not listen"
                time.sleep(0.02)

    def stop(self) -> None:
        process, self.process = self.process, None
        if process is not None:
            process.kill()
            process.wait()


def free() -> int:
    with socket.socket() as opened:
        opened.bind(("127.0.0.1", 0))
        return int(opened.getsockname()[1])


def certificates(folder: Path) -> None:
    """An authority, and what it has signed: `server` for 127.0.0.1, and `client`."""
    authority = ec.generate_private_key(ec.SECP256R1())
    issuer = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "test authority")])
    for name in ("ca", "server", "client"):
        key = authority if name == "ca" else ec.generate_private_key(ec.SECP256R1())
        now = datetime.now(UTC)
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        made = (
            x509.CertificateBuilder()
            .subject_name(issuer if name == "ca" else subject)
            .issuer_name(issuer)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - timedelta(days=1))
            .not_valid_after(now + timedelta(days=1))
            .add_extension(x509.BasicConstraints(ca=name == "ca", path_length=None), critical=True)
        )
        if name == "server":
            address = x509.IPAddress(ip_address("127.0.0.1"))
            made = made.add_extension(x509.SubjectAlternativeName([address]), critical=False)
        signed = made.sign(authority, hashes.SHA256())
        pem = serialization.Encoding.PEM
        (folder / f"{name}.pem").write_bytes(signed.public_bytes(pem))
        (folder / f"{name}.key").write_bytes(
            key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
        )


@pytest.fixture(scope="session")
def broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Broker]:
    if BROKER is None:
        pytest.skip("needs mosquitto (a package of the same name)")
    folder = tmp_path_factory.mktemp("broker")
    certificates(folder)
    found = Broker(folder, free(), free())
    (folder / "mosquitto.conf").write_text(f"""
per_listener_settings true
user root
sys_interval 0
max_queued_messages 100000
max_inflight_messages 50
listener {found.port} 127.0.0.1
allow_anonymous true
listener {found.tls_port} 127.0.0.1
allow_anonymous true
cafile {folder}/ca.pem
certfile {folder}/server.pem
keyfile {folder}/server.key
require_certificate true
use_identity_as_username true
""")
    found.start()
    yield found
    found.stop()


@pytest.fixture
def unique() -> str:
    """A word that no other test uses for a topic or a client."""
    return f"t{next(_numbers)}-{time.time_ns()}"


@pytest.fixture
def plain(broker: Broker) -> dict[str, Any]:
    """The settings for the listener without TLS."""
    return {"host": "127.0.0.1", "port": broker.port, "tls": False, "allow_private": True}


@pytest.fixture
def secured(broker: Broker) -> dict[str, Any]:
    """The settings for the listener that asks for certificates."""
    return {
        "host": "127.0.0.1",
        "port": broker.tls_port,
        "ca": str(broker.folder / "ca.pem"),
        "certificate": str(broker.folder / "client.pem"),
        "key": str(broker.folder / "client.key"),
        "allow_private": True,
    }


class Other:
    """Another client: it publishes, and keeps what it is sent."""

    def __init__(self, client: aiomqtt.Client) -> None:
        self.client = client

    async def publish(self, topic: str, *payloads: bytes) -> None:
        for payload in payloads:
            await self.client.publish(topic, payload, qos=1)

    async def got(self, number: int) -> list[tuple[str, bytes]]:
        """So many messages."""
        found: list[tuple[str, bytes]] = []
        async with asyncio.timeout(40):
            while len(found) < number:
                message = await anext(self.client.messages)
                found.append((str(message.topic), bytes(message.payload)))  # type: ignore[arg-type]
        return found


@pytest.fixture
async def other(broker: Broker) -> AsyncIterator[Other]:
    async with aiomqtt.Client("127.0.0.1", broker.port) as client:
        yield Other(client)
