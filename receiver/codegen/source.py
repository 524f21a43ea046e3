"""A new platform's spec, configuration and tests as files.

Must not know: where the files go, who asked for them.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath
from types import MappingProxyType
from typing import Any

from receiver.codegen import package, rendering
from receiver.codegen.document import parsed
from receiver.errors import ConfigError

ROOM = "source"
"""Where the templates lie, in receiver.templates."""
LONGEST = 30
_NAME = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")
_HEADER = re.compile(r"[A-Za-z][A-Za-z0-9-]*")

FILES = {
    "spec.yaml.jinja": "{name}.yaml",
    "receiver.toml.jinja": "receiver.toml",
    "README.md.jinja": "README.md",
    "pyproject.toml.jinja": "pyproject.toml",
    "test_source.py.jinja": "tests/test_{source}.py",
}


@dataclass(frozen=True, slots=True)
class Proof:
    """One signature scheme, as a new spec declares it."""

    words: str
    declared: str
    """The value of `x-receiver` at the scheme, in YAML."""
    header: str
    """The header's name where none is given; `{}` stands for the platform's."""
    algorithm: str = "sha256"
    secret: str = "a-long-random-secret"  # noqa: S105 (an example)


SCHEMES: Mapping[str, Proof] = MappingProxyType(
    {
        "hmac": Proof(
            "HMAC-SHA-256 of the raw body in hex, keyed with the shared secret.",
            "{ scheme: hmac, algorithm: sha256, encoding: hex }",
            "X-{}-Signature",
        ),
        "rsa": Proof(
            "RSASSA-PKCS1-v1_5 with SHA-256 over the raw body, in base64.",
            "{ scheme: rsa, algorithm: sha256, encoding: base64 }",
            "X-{}-Signature",
            secret='"$(cat public.pem)"',  # noqa: S106 (a public key)
        ),
        "static": Proof("A fixed value.", "{ scheme: static }", "X-{}-Key"),
        "standard-webhooks": Proof(
            "Standard Webhooks, symmetric.",
            "{ scheme: standard-webhooks, tolerance: 300 }",
            "webhook-signature",
            secret="whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=",  # noqa: S106 (an example)
        ),
    }
)

EVENTS = (
    {
        "schema": "DeviceOnline",
        "name": "device.online",
        "title": "A device came online",
        "description": "Sent when a device can be reached again.",
        "trigger": "Switch the device on.",
        "id": "3f0e7a52-6f2c-4a2f-9d8c-0d9f6d2f4b11",
        "reason": False,
    },
    {
        "schema": "DeviceOffline",
        "name": "device.offline",
        "title": "A device went offline",
        "description": "Sent when a device cannot be reached any more.",
        "trigger": "Switch the device off.",
        "id": "94a2c4f7-5d43-4c56-8c93-1cf0d0a2a0b7",
        "reason": True,
    },
)


def check_name(name: str) -> None:
    """Raise ConfigError for what cannot be a platform's name."""
    if not _NAME.fullmatch(name) or len(name) > LONGEST:
        raise ConfigError(
            f"{name!r} cannot be the name of a platform: small letters, digits and single hyphens,"
            f" beginning with a letter, at most {LONGEST} of them"
        )


def project(
    name: str, scheme: str, header: str | None, templates: Mapping[str, str]
) -> dict[str, str]:
    """The files by their path.

    Raises ConfigError for a name or header that cannot be one, and for a broken template.
    """
    check_name(name)
    proof = SCHEMES[scheme]
    title = " ".join(part.capitalize() for part in name.split("-"))
    wanted = header or proof.header.format(title.replace(" ", "-"))
    if not _HEADER.fullmatch(wanted):
        raise ConfigError(f"{wanted!r} is not the name of a header")
    if scheme == "standard-webhooks" and not wanted.endswith("-signature"):
        raise ConfigError(f"{wanted!r}: the header of Standard Webhooks ends with -signature")
    source = name.replace("-", "_")
    words: dict[str, Any] = {
        "name": name,
        "source": source,
        "title": title,
        "package": f"{source}_events",
        "header": wanted,
        "variable": f"{source.upper()}_SECRET",
        "scheme": proof.declared,
        "scheme_name": scheme,
        "algorithm": proof.algorithm,
        "proof": proof.words,
        "example_secret": proof.secret,
        "events": EVENTS,
    }
    files = {
        target.format(name=name, source=source): rendering.file(template, templates, words)
        for template, target in FILES.items()
    }
    spec = parsed(f"{name}.yaml", files[f"{name}.yaml"].encode())
    made = package.generate(spec.document, spec=spec.name)
    return files | {
        str(PurePosixPath(words["package"], place)): text for place, text in made.items()
    }
