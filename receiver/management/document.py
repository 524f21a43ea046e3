"""The OpenAPI document of the management API, as `openapi.yaml` beside this has it.

Must not know: what serves it.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import Any

import yaml

_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # libyaml's, where PyYAML was built with it


@cache
def document() -> Mapping[str, Any]:
    """The document; read once."""
    text = files(__package__).joinpath("openapi.yaml").read_text("utf-8")
    found: Mapping[str, Any] = yaml.load(text, Loader=_LOADER)  # noqa: S506 (a safe loader)
    return found
