"""How each dialect tells of a failure, and of a success that has nothing else to tell.

`native` is RFC 9457's problem+json; `status` answers `{"status", "description"}`, with an
`error_code` (ours is the HTTP status); `success` answers `{"success", "data"}` or `{"success",
"message", "code"}`. Must not know: what failed.
"""

from __future__ import annotations

import json
from http import HTTPStatus
from typing import Any, Literal

Dialect = Literal["native", "status", "success"]

PROBLEM = "application/problem+json"
JSON = "application/json"


def failure(dialect: Dialect, status: int, reason: str) -> tuple[bytes, str]:
    """The body of a failure, and its media type."""
    told: dict[str, Any]
    if dialect == "status":
        told = {"status": "failure", "description": reason, "error_code": status}
    elif dialect == "success":
        told = {"success": False, "message": reason, "code": f"HTTP.{status}"}
    else:
        title = HTTPStatus(status).phrase
        told = {"type": "about:blank", "title": title, "status": status, "detail": reason}
    media_type = PROBLEM if dialect == "native" else JSON
    return json.dumps(told, ensure_ascii=False).encode(), media_type


def done(description: str) -> dict[str, Any]:
    """A success in the `status` dialect."""
    return {"status": "success", "description": description}


def data(value: Any) -> dict[str, Any]:
    """A success in the `success` dialect."""
    return {"success": True, "data": value}
