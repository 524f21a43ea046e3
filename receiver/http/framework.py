"""The names of connexion that we use, imported without the warnings that its import causes.

They are about what connexion 3.3 imports (Starlette's test client, jsonschema's RefResolver);
nobody who starts a server can do anything about that. Must not know: Receiver.
"""

from __future__ import annotations

import warnings

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    from connexion import AsyncApp, request
    from connexion.datastructures import MediaTypeDict
    from connexion.lifecycle import ConnexionRequest, ConnexionResponse
    from connexion.options import SwaggerUIOptions
    from connexion.resolver import RelativeResolver

__all__ = [
    "AsyncApp",
    "ConnexionRequest",
    "ConnexionResponse",
    "MediaTypeDict",
    "RelativeResolver",
    "SwaggerUIOptions",
    "request",
]
