"""docs/spec.md describes the whole vocabulary, and its worked example works."""

from __future__ import annotations

import re
import shutil
import subprocess
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import yaml
from openapi_spec_validator import validate

from receiver import openapi
from receiver.contract import Contract
from receiver.keyring import Secret, SourceKeys
from receiver.locator import TIME_FORMATS, Place
from receiver.signature import verify

ROOT = Path(__file__).resolve().parents[2]
REFERENCE = (ROOT / "docs" / "spec.md").read_text()
SECRET = "knock-knock"  # as in the page
BODY = b'{"action":"rung","bell":"front","at":1768465800000}'


def fenced(marker: str, language: str) -> str:
    """The code block that follows a marker in the page."""
    found = re.search(rf"<!-- {marker} -->\n```{language}\n(.*?)```", REFERENCE, re.DOTALL)
    assert found is not None
    return found[1]


@pytest.fixture(scope="module")
def acme() -> Contract:
    document = yaml.safe_load(fenced("file: acme.yaml", "yaml"))
    validate(document)
    return openapi.parse(document)


def words(value: Any, inside: bool = False) -> set[str]:
    """Every key that the document uses of the vocabulary, in `x-receiver` and beside it."""
    if isinstance(value, list):
        return set().union(*(words(item, inside) for item in value))
    if not isinstance(value, dict):
        return set()
    found: set[str] = set()
    for key, inner in value.items():
        ours = key.startswith(("x-receiver", "x-extensible"))
        if ours or inside:
            found |= {key}
        if key in ("sources", "settings"):  # what stands below are names of their own
            inner = list(inner.values())
        if key not in ("example", "properties") or not inside:
            found |= words(inner, inside or ours)
    return found


def test_every_word_that_the_document_uses_is_explained(document: dict[str, Any]) -> None:
    used = words(document)
    assert {"sources", "dedup", "window", "except", "prefix-required", "trigger"} <= used
    explained = {
        word for name in re.findall(r"`([a-z.-]+)`", REFERENCE) for word in name.split(".")
    }
    assert used - explained == set()


@pytest.mark.parametrize("form", TIME_FORMATS)
def test_every_time_format_is_explained(form: str) -> None:
    assert f"| `{form}`" in REFERENCE


def test_every_section_that_is_linked_is_there() -> None:
    headings = {
        re.sub(r"[^a-z0-9 -]", "", heading.lower()).replace(" ", "-")
        for heading in re.findall(r"^#+ (.*)$", REFERENCE, re.MULTILINE)
    }
    assert set(re.findall(r"\]\(#([^)]+)\)", REFERENCE)) <= headings


def test_every_yaml_block_is_yaml() -> None:
    blocks = re.findall(r"```yaml\n(.*?)```", REFERENCE, re.DOTALL)
    assert len(blocks) == 7
    assert all(isinstance(yaml.safe_load(block), dict) for block in blocks)


def test_the_platform_of_the_page_has_its_hooks(acme: Contract) -> None:
    assert set(acme.hooks) == {"acme_bell_rung", "acme_bell_muted"}


def test_a_header_joined_with_a_field_tells_its_types_apart(acme: Contract) -> None:
    (operation,) = acme.operations
    for event in acme.events:
        topic, action = event.name.split(".")
        place = Place({**event.sample, "action": action}, ((b"x-acme-topic", topic.encode()),))
        assert operation.type.find(place) == event.name
    assert operation.type.find(Place({"action": "rung"})) is None


@pytest.mark.skipif(not shutil.which("openssl"), reason="needs the openssl that the page uses")
def test_the_signature_that_the_page_makes_proves_the_request(acme: Contract) -> None:
    lines = fenced("send", "sh")
    assert f"body='{BODY.decode()}'" in lines
    command = re.search(r"openssl (dgst .*? -binary)", lines)
    assert command is not None
    arguments = command[1].replace('"$ACME_SECRET"', SECRET).split()
    digest = subprocess.run(["openssl", *arguments], input=BODY, capture_output=True, check=True)
    spelt = subprocess.run(["base64"], input=digest.stdout, capture_output=True, check=True)
    headers = [(b"x-acme-signature", spelt.stdout.strip())]
    keys = SourceKeys(secrets=(Secret("main", SECRET.encode()),))
    requirements = ((acme.schemes["acmeHmac"],),)
    assert verify(requirements, keys, headers, BODY, datetime.now(UTC)) == "main"
