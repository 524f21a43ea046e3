"""The names of connexion that we use, imported without the warning that its import causes.

Connexion 3.3 imports Starlette's test client, which warns that its HTTP library has a successor.
Nobody who starts a server can do anything about that. Must not know: Receiver.
"""

from __future__ import annotations

import warnings

from starlette.exceptions import StarletteDeprecationWarning

with warnings.catch_warnings():
    warnings.simplefilter("ignore", StarletteDeprecationWarning)
    from connexion import AsyncApp, request
    from connexion.datastructures import MediaTypeDict
    from connexion.lifecycle import ConnexionRequest, ConnexionResponse
    from connexion.middleware import MiddlewarePosition
    from connexion.options import SwaggerUIOptions
    from connexion.resolver import RelativeResolver

__all__ = [
    "AsyncApp",
    "ConnexionRequest",
    "ConnexionResponse",
    "MediaTypeDict",
    "MiddlewarePosition",
    "RelativeResolver",
    "SwaggerUIOptions",
    "request",
]
