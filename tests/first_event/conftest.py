"""What a platform's page says to type, and the platforms, as the tests of their own have them."""

from __future__ import annotations

import importlib.util
import shlex
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

TESTS = Path(__file__).resolve().parents[1]
PAGES = TESTS.parent / "docs" / "platforms"


def _loaded(place: str) -> ModuleType:
    """A module of another folder of tests; pytest gives no names to import them by."""
    name = f"first_event_{place.replace('/', '_')}"
    spec = importlib.util.spec_from_file_location(name, TESTS / f"{place}.py")
    assert spec is not None
    assert spec.loader is not None
    module = sys.modules[name] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


platform = _loaded("platforms/conftest").platform
channel = _loaded("flespi/conftest").channel
gateway = _loaded("platforms/test_flespi").gateway
_gridx = _loaded("platforms/test_gridx")


@dataclass(frozen=True)
class Page:
    """A page of docs/platforms/."""

    text: str

    def line(self, start: str) -> str:
        """The line to type that starts so; a page that has none has changed."""
        lines = (line.strip() for line in self.text.splitlines())
        found = [line for line in lines if line.startswith(start)]
        assert found, f"the page does not say {start!r}"
        return found[0].split("  #")[0]

    def step(self, start: str) -> list[str]:
        """The arguments of the `receiver` command that starts so."""
        words = shlex.split(self.line(start))
        return words[words.index("receiver") + 1 :]

    def file(self, name: str) -> str:
        """A configuration that the page shows."""
        return self.text.split(f"<!-- file: {name} -->\n```toml\n")[1].split("```")[0]


@pytest.fixture
def page() -> Callable[[str], Page]:
    return lambda name: Page((PAGES / f"{name}.md").read_text())


@pytest.fixture
def gridx(platform: Any) -> tuple[Any, Any, str]:
    """gridX's world, its API, and a token for it."""
    world = _gridx.Gridx()
    return world, platform(world), _gridx.TOKEN


@pytest.fixture(scope="session")
def moto() -> Iterator[str]:
    """The URL of moto's server, which is SNS and SQS over HTTP."""
    server = pytest.importorskip("moto.server", reason="needs moto[server]").ThreadedMotoServer(
        ip_address="127.0.0.1", port=0, verbose=False
    )
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture
def aws(moto: str) -> Iterator[Callable[[str], Any]]:
    """boto3's clients of an account of AWS, by service."""
    boto3 = pytest.importorskip("boto3")
    made: list[Any] = []

    def client(service: str) -> Any:
        made.append(
            boto3.client(
                service,
                region_name="us-east-1",
                endpoint_url=moto,
                aws_access_key_id="a",
                aws_secret_access_key="b",
            )
        )
        return made[-1]

    yield client
    for each in made:
        each.close()


@pytest.fixture
def until() -> Callable[[Callable[[], Any]], None]:
    """Wait for a condition; fail when it does not come true."""

    def until(true: Callable[[], Any]) -> None:
        end = time.monotonic() + 60
        while not true():
            assert time.monotonic() < end, "it did not come true in time"
            time.sleep(0.05)

    return until
