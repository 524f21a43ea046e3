"""The environment form of every key: `RECEIVER_SERVER__PUBLIC` is `[server] public`.

Must not know: the process's own environment (it is an argument), files, what keys mean.
"""

from __future__ import annotations

import json
import tomllib
from collections.abc import Iterator, Mapping
from typing import Any

from receiver.settings.lines import KeyPath

PREFIX = "RECEIVER_"
SEPARATOR = "__"


def variable(path: KeyPath) -> str:
    """The name of the environment variable that sets the key at `path`."""
    return PREFIX + SEPARATOR.join(_plain(str(part)).upper() for part in path)


def overrides(
    environ: Mapping[str, str], tree: Mapping[str, Any], top_level: frozenset[str]
) -> Iterator[tuple[str, KeyPath, Any]]:
    """(variable, key, value) of every variable that sets a key, in the order of their names.

    Every `RECEIVER_` name with a `__` sets one; of the others only those of a top-level key, so
    that `RECEIVER_CONFIG` or a secret's own variable can have such a name. `tree` is what the file
    says: names in it are found whatever their case, `-` and `_` alike.
    """
    for name in sorted(environ):
        if not name.startswith(PREFIX):
            continue
        parts = [part.lower() for part in name.removeprefix(PREFIX).split(SEPARATOR)]
        if len(parts) > 1 or parts[0] in top_level:
            yield name, _spelled(parts, tree), parse(environ[name])


def parse(text: str) -> Any:
    """A variable's value: JSON or TOML where it looks like a list, a table or a quoted string.

    Numbers, dates and true/false stay text here; the model reads them by the type of the key.
    """
    if not text.startswith(("[", "{", '"')):
        return text
    for read in (json.loads, _toml):
        try:
            return read(text)
        except ValueError:
            continue
    return text


def _toml(text: str) -> Any:
    return tomllib.loads(f"value = {text}")["value"]


def _spelled(parts: list[str], tree: Mapping[str, Any]) -> KeyPath:
    """The key as the file spells it, where the file has it."""
    path: list[str] = []
    node: Any = tree
    for part in parts:
        names = node if isinstance(node, Mapping) else {}
        spelled = next((name for name in names if _plain(name) == part), part)
        path.append(spelled)
        node = names.get(spelled)
    return tuple(path)


def _plain(name: str) -> str:
    return name.lower().replace("-", "_")
