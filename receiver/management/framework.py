"""The names of connexion that the management API uses, without the warnings of their import.

They are about what connexion 3.3 imports; nobody who starts a server can do anything about that.
Must not know: Receiver.
"""

from __future__ import annotations

import warnings

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    from connexion import AsyncApp, request
    from connexion.exceptions import ProblemException
    from connexion.lifecycle import ConnexionRequest, ConnexionResponse
    from connexion.options import SwaggerUIOptions
    from connexion.resolver import Resolver

__all__ = [
    "AsyncApp",
    "ConnexionRequest",
    "ConnexionResponse",
    "ProblemException",
    "Resolver",
    "SwaggerUIOptions",
    "request",
]
