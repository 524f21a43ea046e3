"""The public listener: event paths and `/healthz`, nothing else.

Must not know: which sinks there are, how an event is kept, any other listener.
"""
