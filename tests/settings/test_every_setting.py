"""No setting does nothing: for every key there is something that another value changes."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from pydantic import BaseModel

from receiver import backstage, composition, transports
from receiver.backstage import removal, retention
from receiver.catalogue import Catalogue
from receiver.dispatch import Route
from receiver.keyring import HeaderSecret, Secret
from receiver.plugins import discover
from receiver.secrets import keyring
from receiver.settings import Configuration, Settings

Read = Callable[..., Configuration]

ROUTE = '[routes.r]\nsink = "console"\n'
SECRET = 'secrets = [{ name = "a", value = "b" }]\n'
PULL = '[sources.gridx.pull.p]\ntransport = "flespi-rest"\nchannel = 4\ntoken = "t"\n'
SNS = SECRET + "sns = { topics = [] }"
RETRY = "retry = { first = 1, factor = 2, cap = 9, attempts = 4 }"

MASKED = """
[transforms.t]
plugin = "veil"
settings = { colour = "grey" }
[routes.r]
sink = "console"
transforms = ["t"]
"""

VEIL = """
from receiver import Sink, hookimpl


class Veil(Sink):
    class Settings(Sink.Settings):
        colour: str = ""

    @hookimpl
    def transform(self, event): ...
"""

EFFECTS = {
    "autoroute": ("", "autoroute = false"),
    "plugins_dir": ("", 'plugins_dir = "sinks"'),
    "store.url": ("", '[store]\nurl = "sqlite:///other.db"'),
    "store.durability": ("", '[store]\ndurability = "relaxed"'),
    "store.dedup_window": ("", "[store]\ndedup_window = 60"),
    "store.dedup_keys": ("", "[store]\ndedup_keys = 5"),
    "retention.events": ("", "[retention]\nevents = 60"),
    "retention.dead": ("", "[retention]\ndead = inf"),
    "retention.quarantine": ("", "[retention]\nquarantine = 60"),
    "retention.soft_limit": ("", '[retention]\nsoft_limit = "8 GiB"'),
    "retention.hard_limit": ("", '[retention]\nhard_limit = "30 GB"'),
    "retention.routes": ("", "[retention]\nroutes = 60"),
    "retention.force": ("", "[retention]\nforce = true"),
    "server.connections": ("", "[server]\nconnections = 7"),
    "server.idle": ("", "[server]\nidle = 7"),
    "server.proxies": ("", '[server]\nproxies = ["10.0.0.0/8"]'),
    "sources.secrets.name": (SECRET, SECRET.replace('"a"', '"z"')),
    "sources.secrets.value": (SECRET, SECRET.replace('"b"', '"z"')),
    "sources.secrets.expires": (SECRET, SECRET.replace(" }", ", expires = 2030-01-01 }")),
    "sources.public_keys": (SECRET, SECRET + 'public_keys = ["env:PEM"]'),
    "sources.headers.name": (
        SECRET + 'headers = [{ name = "X-A", value = "v" }]',
        SECRET + 'headers = [{ name = "X-B", value = "v" }]',
    ),
    "sources.headers.value": (
        SECRET + 'headers = [{ name = "X-A", value = "v" }]',
        SECRET + 'headers = [{ name = "X-A", value = "w" }]',
    ),
    "sources.policy": (SECRET, SECRET + 'policy = "all"'),
    "sources.on_expiry": (SECRET, SECRET + 'on_expiry = "503"'),
    "sources.strip_prefix": (SECRET, SECRET + 'strip_prefix = "x_"'),
    "sources.networks": (SECRET, SECRET + 'networks = ["10.0.0.0/8"]'),
    "sources.pull.operation": (PULL, PULL + 'operation = "gridx_gateway_online"'),
    "sources.pull.deadline": (PULL, PULL + "deadline = 7"),
    "sources.sns.topics": (SNS, SNS.replace("topics = []", 'topics = ["a"]')),
    "sources.sns.certificates": (SNS, SNS.replace("[] }", '[], certificates = "sinks" }')),
    "sources.sns.fetch": (SNS, SNS.replace("[] }", "[], fetch = false }")),
    "sources.sns.max_age": (SNS, SNS.replace("[] }", "[], max_age = 0 }")),
    "sources.sns.suffixes": (SNS, SNS.replace("[] }", '[], suffixes = ["amazonaws.eu"] }')),
    "sources.sns.allow_private": (SNS, SNS.replace("[] }", "[], allow_private = true }")),
    "sources.sns.password": (SNS, SNS.replace("[] }", '[], password = "p" }')),
    "routes.sink": (ROUTE, ROUTE.replace("console", "noisy")),
    "routes.events": (ROUTE, ROUTE + 'events = ["a/*"]'),
    "routes.sources": (ROUTE, ROUTE + 'sources = ["gridx"]'),
    "routes.nodes": (ROUTE, ROUTE + 'nodes = ["n"]'),
    "routes.users": (ROUTE, ROUTE + 'users = ["u"]'),
    "routes.start": (ROUTE, ROUTE + 'from = "beginning"'),
    "routes.ordered": (ROUTE, ROUTE + "ordered = false"),
    "routes.concurrency": (ROUTE, ROUTE + "concurrency = 2"),
    "routes.was": (ROUTE, ROUTE + 'was = "old"'),
    "routes.rate": (ROUTE, ROUTE + "rate = 2.5"),
    "routes.batch.size": (ROUTE, ROUTE + "batch = 2"),
    "routes.batch.wait": (ROUTE, ROUTE + "batch = { size = 100, wait = 2 }"),
    "routes.breaker.threshold": (ROUTE, ROUTE + "breaker = { threshold = 0 }"),
    "routes.breaker.pause": (ROUTE, ROUTE + "breaker = { pause = 5 }"),
    "routes.breaker.longest": (ROUTE, ROUTE + "breaker = { longest = 50 }"),
    "routes.retry.max_age": (ROUTE, ROUTE + "retry = { max_age = 60 }"),
    "routes.deadline": (ROUTE, ROUTE + "deadline = 2"),
    "routes.retry.schedule": (ROUTE, ROUTE + "retry = { schedule = [1] }"),
    "routes.retry.first": (ROUTE + RETRY, ROUTE + RETRY.replace("first = 1", "first = 2")),
    "routes.retry.factor": (ROUTE + RETRY, ROUTE + RETRY.replace("factor = 2", "factor = 3")),
    "routes.retry.cap": (ROUTE + RETRY, ROUTE + RETRY.replace("cap = 9", "cap = 2")),
    "routes.retry.attempts": (ROUTE + RETRY, ROUTE + RETRY.replace("attempts = 4", "attempts = 5")),
    "routes.max_exceptions": (ROUTE, ROUTE + "max_exceptions = 3"),
    "routes.isolation": (ROUTE, ROUTE + 'isolation = "process"'),
    "routes.memory": (ROUTE, ROUTE + "memory = 500_000_000"),
    "routes.transforms": (
        ROUTE,
        ROUTE + 'transforms = ["veil"]',
    ),
    "transforms.plugin": (MASKED, MASKED.replace("veil", "mask")),
    "transforms.settings": (MASKED, MASKED.replace("grey", "red")),
    "routes.settings": (ROUTE, ROUTE + 'settings = { format = "json" }'),
}
"""Two texts each that must not have the same effect; sources' are of [sources.gridx]."""

RUNS = {
    "contract",
    "endpoints.settings",
    "endpoints.sink",
    "filters.default",
    "management.services",
    "server.admin",
    "server.grace",
    "server.lane",
    "server.public",
    "server.workers",
    "sources.pull.transport",
}
"""Proved by running a receiver, in tests/cli/test_dev.py, tests/serve/, tests/docs/."""


def fields(model: type[BaseModel], prefix: str = "") -> set[str]:
    """The dotted names of all keys, tables left out."""
    found = set()
    for name, field in model.model_fields.items():
        inner = next(iter(models(field.annotation)), None)
        found |= fields(inner, f"{prefix}{name}.") if inner else {prefix + name}
    return found


def models(annotation: Any) -> list[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    return [found for part in getattr(annotation, "__args__", ()) for found in models(part)]


def test_every_key_has_an_effect_that_is_proved() -> None:
    assert set(EFFECTS) | RUNS == fields(Settings)


@pytest.mark.parametrize("key", EFFECTS)
def test_another_value_has_another_effect(
    key: str, read: Read, catalogue: Catalogue, tmp_path: Path, pem: str
) -> None:
    (tmp_path / "sinks").mkdir()
    hook = "from receiver import hookimpl\n\n@hookimpl\ndef on_event(event): ...\n"
    (tmp_path / "sinks" / "noisy.py").write_text(hook)
    for name in ("veil", "mask"):
        (tmp_path / "sinks" / f"{name}.py").write_text(VEIL)
    one, other = (effect(text, key, read, catalogue, pem) for text in EFFECTS[key])
    assert one != other


def effect(text: str, key: str, read: Read, catalogue: Catalogue, pem: str) -> Any:
    """What the settings lead to, as far as it can be compared."""
    if key.startswith("sources."):
        text = f"[sources.gridx]\n{text}"
    if key == "routes.sink" or "transforms" in key:
        text = f'plugins_dir = "sinks"\n{text}'
    found = read(text)
    plugins = discover(found.plugins_dir)
    routes = backstage.routes(found, catalogue, plugins, {})
    keys = keyring(found, catalogue.contract, {"PEM": pem}, {}).for_source("gridx")
    listener = composition.limits(found)
    return (
        (listener.connections, listener.idle, listener.proxies.trust("10.1.2.3")),
        found.store_path,
        retention.limits(found.settings.retention),
        removal.kept_for(found.settings.retention),
        sorted(plugins),
        backstage.open_inbox(found).traits,
        [values(route) for route in routes],
        backstage.pulls(found, catalogue.contract, transports.discover(), {}),
        keys and [parts(value) for value in (*keys.secrets, *keys.headers, *keys.public_keys)],
        keys and (keys.policy, keys.on_expiry, keys.strip_prefix, keys.sns, keys.networks),
    )


def values(route: Route) -> dict[str, Any]:
    """A route's values; of its plugin the name, for each discovery makes plugins anew."""
    found = {field.name: getattr(route, field.name) for field in dataclasses.fields(route)}
    changed = [(each.name, each.plugin.name, each.settings) for each in route.transforms]
    return {**found, "plugin": route.plugin.name, "transforms": changed}


def parts(value: Any) -> Any:
    if isinstance(value, Secret):
        return value.name, value.value, value.expires
    if isinstance(value, HeaderSecret):
        return value.header, value.value
    return value.name


@pytest.fixture(scope="session")
def pem() -> str:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048).public_key()
    return key.public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    ).decode()
