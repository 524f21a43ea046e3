"""From an OpenAPI document to a Python package: models, hook specifications, operations, samples.

Must not know: a running server. Nothing that serves requests imports this package.
"""
