"""One document as the files of a Python package: `generate(document) -> {path: text}`.

The same input gives the same text, byte for byte, on every machine. Must not know: where the files
go.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any

from receiver import __version__, openapi
from receiver.codegen import rendering
from receiver.codegen.models import models
from receiver.codegen.text import pretty
from receiver.contract import Document
from receiver.errors import SpecError
from receiver.excerpt import pointer

PROVENANCE = "PROVENANCE.json"
GENERATOR = "receiver generate"


def generate(
    document: Document, *, spec: str, templates: Mapping[str, str] | None = None
) -> dict[str, str]:
    """The files of the package for a document, by their path in it, in the order of the paths.

    `spec` is the name that the files give as their origin; `templates` are those of
    `receiver.codegen.rendering.templates`. Raises SpecError with everything that cannot be
    rendered, ConfigError for a broken template.
    """
    contract = openapi.parse(document)
    problems: list[tuple[str, str]] = []
    made = models(contract, problems)
    for event in contract.events:
        if event.sample is None:
            where = pointer(("components", "schemas", event.schema))
            problems.append((where, "has no example: there would be no sample of the event"))
    if problems:
        raise SpecError(problems)
    sources = rendering.templates() if templates is None else templates
    files = rendering.render(contract, made, spec, sources)
    for event in contract.events:
        files[f"samples/{event.hook}.json"] = pretty(event.sample)
    files["openapi.json"] = resolved(document)
    files[PROVENANCE] = pretty(_provenance(spec, sources, files))
    return dict(sorted(files.items()))


def resolved(document: Document) -> str:
    """The document as JSON: aliases and merges worked in, keys in their order."""
    return pretty(document)


def digest(text: str) -> str:
    """SHA-256 of a text in UTF-8, in hex."""
    return hashlib.sha256(text.encode("utf-8", "surrogateescape")).hexdigest()


def _provenance(
    spec: str, templates: Mapping[str, str], files: Mapping[str, str]
) -> dict[str, Any]:
    """What the files were made of, so that a check can say which side moved."""
    return {
        "generator": GENERATOR,
        "version": __version__,
        "spec": {"name": spec, "sha256": digest(files["openapi.json"])},
        "templates": {name: digest(text) for name, text in sorted(templates.items())},
        "files": {name: digest(text) for name, text in sorted(files.items())},
    }


def sides(old: Mapping[str, Any], new: str) -> list[str]:
    """Which of the inputs differ between an older provenance and the text of a new one."""
    made: Mapping[str, Any] = json.loads(new)
    moved = []
    if old.get("spec", {}).get("sha256") != made["spec"]["sha256"]:
        moved.append(f"{made['spec']['name']} changed")
    before, after = old.get("templates", {}), made["templates"]
    changed = [name for name in sorted({*before, *after}) if before.get(name) != after.get(name)]
    if changed:
        moved.append(f"a template changed: {', '.join(changed)}")
    if old.get("version") != made["version"]:
        moved.append(f"receiver changed: {old.get('version')} to {made['version']}")
    return moved
