# GENERATED from acme.yaml by `receiver generate`; do not edit.
"""The function of each operation, for connexion to call. All of them do the same."""

from __future__ import annotations

from typing import TYPE_CHECKING

from receiver.http import endpoint

if TYPE_CHECKING:
    from receiver.http.framework import ConnexionResponse


async def acme_hooks() -> ConnexionResponse:
    """POST /acme/hooks"""
    return await endpoint.ingest("acme_hooks")
