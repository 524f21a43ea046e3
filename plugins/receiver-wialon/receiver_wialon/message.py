"""A platform's message as blocks: which parameters, under which names, and where it was.

Must not know: how a packet is encoded, connections.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any

from receiver_wialon.packet import INPUTS, OUTPUTS, POSITION, Block, Position

PLACE = "position."
PLACED = frozenset({"longitude", "latitude", "altitude", "speed", "direction", "satellites"})
"""What `posinfo` holds, by its names below `position.`."""
WIALON = {
    "din": ("avl_inputs", INPUTS),
    "dout": ("avl_outputs", OUTPUTS),
    "external.powersource.voltage": ("pwr_ext", 0),
}
"""Names that Wialon knows of, and the bits that tell of them."""
ENVELOPE = frozenset({"ident", "timestamp"})
"""What a packet says in places of their own."""


@dataclass(frozen=True, slots=True)
class Message:
    """What a packet says of one event."""

    mask: int
    blocks: tuple[Block, ...]

    @property
    def placed(self) -> bool:
        """Whether it has a position."""
        return bool(self.mask & POSITION)


def message(payload: Any, *, parameters: tuple[str, ...], wialon_names: bool) -> Message:
    """A payload's values, nested ones by dotted names, in its order; the position comes first.

    `parameters` are globs over those names. A null, a NaN and what is in `posinfo` are no blocks.
    """
    values = dict(_flat(payload if isinstance(payload, Mapping) else {"value": payload}))
    where = _position(values)
    mask = POSITION if where else 0
    blocks = [where.block()] if where else []
    for name, value in values.items():
        inside = where is not None and name.startswith(PLACE) and name[len(PLACE) :] in PLACED
        if name in ENVELOPE or inside or not any(fnmatchcase(name, p) for p in parameters):
            continue
        known = WIALON.get(name) if wialon_names else None
        # An input's or output's value is bits; of any other type it is a parameter like others.
        if known and known[1] and not isinstance(value, int):
            known = None
        name, bit = known or (name, 0)
        mask |= bit
        blocks.append(Block(name, value, hidden=bool(bit)))
    return Message(mask, tuple(blocks))


def _flat(values: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    for key, value in values.items():
        name = f"{prefix}{key}"
        if isinstance(value, Mapping) and value and not prefix.count(".") > 8:
            yield from _flat(value, f"{name}.")
        elif isinstance(value, bool):
            yield name, int(value)
        elif isinstance(value, Mapping | list):
            yield name, json.dumps(value, separators=(",", ":"))
        elif value is not None and not (isinstance(value, float) and not math.isfinite(value)):
            yield name, value


def _position(values: Mapping[str, Any]) -> Position | None:
    """Where it was, when both coordinates are there."""

    def number(name: str, lowest: float, highest: float) -> float | None:
        value = values.get(PLACE + name)
        if isinstance(value, int | float) and lowest <= value <= highest:
            return float(value)
        return None

    longitude, latitude = number("longitude", -180, 180), number("latitude", -90, 90)
    if longitude is None or latitude is None:
        return None
    return Position(
        longitude,
        latitude,
        number("altitude", -1e6, 1e9) or 0.0,
        round(number("speed", 0, 32_767) or 0),
        round(number("direction", 0, 360) or 0) % 360,
        round(number("satellites", 0, 255) or 0),
    )
