"""What the generated operation functions call: the far end of the way through connexion.

Must not know: signatures, payloads, how an event is kept. Connexion is imported when the first
request comes, by which time it is loaded: this module is imported by generated code, also where
nothing is served.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from starlette.exceptions import HTTPException

from receiver.http.answer import Reply
from receiver.http.capture import CAPTURED, Captured

if TYPE_CHECKING:
    from receiver.http.framework import ConnexionResponse


async def ingest(operation_id: str) -> ConnexionResponse:
    """Take in the request that `Capture` holds for this operation, and answer it.

    A request that connexion routed here and `Capture` did not recognise belongs to no operation.
    """
    from receiver.http.framework import request

    captured: Captured | None = request.scope.get(CAPTURED)
    if captured is None or captured.operation.id != operation_id:
        raise HTTPException(404)
    return response(await captured.admit())


def response(reply: Reply) -> ConnexionResponse:
    """An answer in connexion's form."""
    from receiver.http.framework import ConnexionResponse

    headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in reply.headers}
    return ConnexionResponse(status_code=reply.status, body=reply.body, headers=headers)
