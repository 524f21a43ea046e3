"""The configuration: what `receiver.toml`, the environment and the command line say together.

Must not know: how secrets are resolved, what the contract or a sink says. Pure: the text and the
environment are arguments; `receiver.settings.file` reads them.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from pydantic import ValidationError

from receiver.errors import ConfigError
from receiver.settings.environment import overrides, variable
from receiver.settings.lines import KeyPath, key_lines
from receiver.settings.model import (
    HeaderSettings,
    SecretSettings,
    ServerSettings,
    Settings,
    SourceSettings,
    StoreSettings,
)
from receiver.settings.problems import nearest, nearest_of, plain, problems, wording
from receiver.settings.pulling import PullSettings
from receiver.settings.retention import RetentionSettings
from receiver.settings.routing import RetrySettings, RouteSettings
from receiver.settings.values import STORE_SCHEME, split_address

__all__ = [
    "Configuration",
    "Flag",
    "HeaderSettings",
    "KeyPath",
    "PullSettings",
    "RetentionSettings",
    "RetrySettings",
    "RouteSettings",
    "SecretSettings",
    "ServerSettings",
    "Settings",
    "SourceSettings",
    "StoreSettings",
    "combine",
    "nearest",
    "nearest_of",
    "plain",
    "split_address",
    "variable",
    "wording",
]

DEFAULT = "default"
_TOML_POSITION = re.compile(r" \(at (?:line (\d+), column \d+|end of document)\)$")


class Flag(NamedTuple):
    """A key that an option of the command line sets."""

    option: str
    path: KeyPath
    value: Any


@dataclass(frozen=True)
class Configuration:
    """Valid settings, and where each of them came from."""

    settings: Settings
    base: Path
    """The folder that relative paths start from."""
    label: str
    """What messages call the file."""
    origins: Mapping[KeyPath, str]
    """`receiver.toml:12`, `RECEIVER_SERVER__PUBLIC` or `--port`, by key."""
    given: frozenset[KeyPath]
    """Every key that was set anywhere; the others are defaults."""

    @property
    def store_path(self) -> Path:
        """The file of the inbox."""
        return self.base / self.settings.store.url.removeprefix(STORE_SCHEME)

    @property
    def plugins_dir(self) -> Path | None:
        """The folder of one-file plugins."""
        name = self.settings.plugins_dir
        return self.base / name if name is not None else None

    def origin(self, path: KeyPath) -> str:
        """Who set the key at `path`: a line, a variable, an option or `default`."""
        return _place(self.origins, path) or self.label if path in self.given else DEFAULT

    def error(self, path: KeyPath, *faults: str) -> ConfigError:
        """What is wrong at `path`, as the errors of the file itself are told."""
        return ConfigError(*(_message(self.origins, self.label, path, fault) for fault in faults))


def combine(
    text: str,
    *,
    label: str,
    base: Path,
    environ: Mapping[str, str],
    flags: tuple[Flag, ...] = (),
) -> Configuration:
    """The configuration of a TOML text, overridden by the environment, overridden by options.

    Raises ConfigError with every problem, each as `receiver.toml:LINE: [table] key: what is wrong`.
    """
    tree = _decode(text, label)
    origins = {path: f"{label}:{line}" for path, line in key_lines(text).items()}
    known = frozenset(Settings.model_fields)
    variables = [Flag(*found) for found in overrides(environ, tree, known)]
    for source in (*variables, *flags):
        _put(tree, source)
        for path in [path for path in origins if path[: len(source.path)] == source.path]:
            del origins[path]
        origins[source.path] = source.option
    try:
        settings = Settings.model_validate(tree)
    except ValidationError as error:
        faults = problems(error, Settings)
        raise ConfigError(*(_message(origins, label, *fault) for fault in faults)) from None
    return Configuration(settings, base, label, origins, frozenset(_paths(tree)))


def _decode(text: str, label: str) -> dict[str, Any]:
    try:
        return tomllib.loads(text)
    except RecursionError:
        raise ConfigError(f"{label}: nested too deeply to be read") from None
    except tomllib.TOMLDecodeError as error:
        message = str(error)
        position = _TOML_POSITION.search(message)
        line = position[1] if position and position[1] else str(text.count("\n") + 1)
        what = _TOML_POSITION.sub("", message)
        raise ConfigError(f"{label}:{line}: no valid TOML: {what[:1].lower()}{what[1:]}") from None


def _put(tree: dict[str, Any], flag: Flag) -> None:
    """Set one key of a tree of plain tables, making the tables around it."""
    node = tree
    for part in flag.path[:-1]:
        inner = node.setdefault(str(part), {})
        if not isinstance(inner, dict):
            raise ConfigError(f"{flag.option}: {part} is not a table")
        node = inner
    node[str(flag.path[-1])] = flag.value


def _paths(value: Any, path: KeyPath = ()) -> Iterator[KeyPath]:
    if path:
        yield path
    inside: Any = ()
    if isinstance(value, Mapping):
        inside = value.items()
    elif isinstance(value, list):
        inside = enumerate(value)
    for key, item in inside:
        yield from _paths(item, (*path, key))


def _place(origins: Mapping[KeyPath, str], path: KeyPath) -> str | None:
    """Who wrote `path`, or else the nearest table around it."""
    return next(
        (origins[path[:n]] for n in range(len(path), 0, -1) if path[:n] in origins),
        None,
    )


def _message(origins: Mapping[KeyPath, str], label: str, path: KeyPath, fault: str) -> str:
    return f"{_place(origins, path) or label}: {wording(path)}: {fault}"
