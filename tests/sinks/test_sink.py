"""The class that authors subclass: settings, client, log."""

from __future__ import annotations

from typing import Any

import pytest
import structlog
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, SecretBytes, SecretStr, ValidationError

from receiver import Sink
from receiver.redaction import HIDDEN, Redaction
from receiver.sink import secrets


class Inner(BaseModel):
    password: SecretStr


class Guarded(Sink):
    class Settings(Sink.Settings):
        url: SecretStr = SecretStr("https://hooks.example/T0/é secret")
        key: SecretBytes = SecretBytes(b"bytes-of-a-key")
        inner: Inner = Inner(password=SecretStr("inner-password"))
        headers: dict[str, SecretStr] = {"X-Key": SecretStr("header-value")}
        several: list[SecretStr] = [SecretStr("one-of-many")]
        public: str = "not a secret"


SECRETS = [
    *("https://hooks.example/T0/é secret", "bytes-of-a-key", "inner-password"),
    *("header-value", "one-of-many"),
]


def test_every_secret_of_the_settings_is_known_however_deep_it_sits() -> None:
    assert sorted(secrets(Guarded().settings)) == sorted(SECRETS)


@pytest.mark.parametrize("secret", SECRETS)
def test_the_log_writes_no_secret(secret: str) -> None:
    log = Guarded(route="slack").log
    with structlog.testing.capture_logs() as captured:
        log.info(f"posting to {secret}", url=secret, nested={"a": [secret]}, error=OSError(secret))
        try:
            raise ValueError(secret)
        except ValueError:
            log.exception("failed")
    assert captured
    assert secret not in repr(captured)
    assert secret.replace(" ", "%20") not in repr(captured)
    assert captured[0]["route"] == "slack"


def test_the_log_leaves_everything_else_as_it_is() -> None:
    with structlog.testing.capture_logs() as captured:
        Guarded(route="slack").log.info("not a secret", count=3, flag=None)
    assert captured == [
        {
            "event": "not a secret",
            "count": 3,
            "flag": None,
            "route": "slack",
            "log_level": "info",
        }
    ]


@given(st.text(min_size=4).filter(lambda text: "*" not in text), st.text(), st.text())
def test_a_secret_is_taken_out_wherever_it_stands(secret: str, before: str, after: str) -> None:
    cleaned = Redaction([secret]).text(f"{before}{secret}{after}")
    assert HIDDEN in cleaned
    assert secret not in cleaned


def test_settings_that_nobody_declared_are_refused() -> None:
    with pytest.raises(ValidationError):
        Guarded.Settings(urll="x")  # type: ignore[call-arg]


def test_settings_cannot_be_changed() -> None:
    with pytest.raises(ValidationError):
        Guarded().settings.public = "other"


async def test_the_client_is_made_on_first_use_and_kept() -> None:
    sink = Guarded()
    assert "http" not in vars(sink)
    client: Any = sink.http
    assert sink.http is client
    await client.aclose()


def test_a_sink_has_few_names_of_its_own() -> None:
    assert {name for name in vars(Sink) if not name.startswith("_")} == {
        *("Settings", "addresses", "api", "close", "http", "log", "name", "open", "prints"),
        "translations",
    }
