# GENERATED from acme.yaml by `receiver generate`; do not edit.
"""Acme doors: payload models, hook specifications and operations.

Served as a contract by its dotted name; see EVENTS.md for what is in it.
"""
