"""Signed requests through a tunnel, and what their answers say of what it does to events.

A probe is authentic and no event of the contract: Receiver proves it and puts it into quarantine,
so no sink ever gets it. Must not know: which tunnel it is.
"""

from __future__ import annotations

import json
import re
import secrets
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Protocol

import httpx

TIMEOUT = 20.0
COUNTED = 1.3
"""Seconds in which all processes have handed on what they counted."""

AGAIN = 3
PLAIN = "plain"

SKIP = "skip_zrok_interstitial"
"""The header with which zrok lets a request pass its interstitial page."""

BROWSER = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36"
_COUNTER = re.compile(r"^receiver_refused_total\{(?P<labels>[^}]*)\} (?P<value>\S+)$", re.MULTILINE)
_REASON = re.compile(r'reason="([^"]*)"')


class Signed(Protocol):
    """A signed request (receiver.cli.signing.Request)."""

    @property
    def path(self) -> str: ...
    @property
    def headers(self) -> dict[str, str]: ...
    @property
    def body(self) -> bytes: ...


Sign = Callable[[bytes], Signed]
Reasons = Callable[[], dict[str, float]]
"""How often requests were refused, by reason."""

BODIES: dict[str, str] = {
    PLAIN: '{"receiver":"probe","nonce":"NONCE"}',
    "white space": '{ "nonce" :\t"NONCE",\r\n  "number": 1.0, "last": 1e3 }\n\n',
    "letters": '{"nonce":"NONCE","raw":"Küche 台所 \u202e","escaped":"\\u00fc\\/"}',
    "long": '{"nonce":"NONCE","filler":"' + "x" * 200_000 + '"}',
}
"""What a tunnel may change: nothing of it, for the signature is over the bytes."""


def _body(name: str) -> bytes:
    """A body that nobody has sent before: a second sending would be a duplicate."""
    return BODIES[name].replace("NONCE", secrets.token_hex(8)).encode()


@dataclass(frozen=True, slots=True)
class Report:
    """What came of one probe."""

    name: str
    status: int
    """0: no answer."""
    troubles: tuple[str, ...] = ()
    ids: tuple[str, ...] = field(default=())
    """Under which it is in quarantine."""


def probes(url: str, sign: Sign, reasons: Reasons) -> Iterator[Report]:
    """Post every probe to `url`. Of what is refused, `reasons` tells why.

    Where even the plain probe is refused, the others would be, too: they are left out.
    """
    with httpx.Client(base_url=url, timeout=TIMEOUT, trust_env=False) as client:
        for name in BODIES:
            report = _one(client, name, sign(_body(name)), reasons)
            yield report
            if report.troubles and name == PLAIN:
                return
        yield _one(client, "in chunks", sign(_body(PLAIN)), reasons, chunked=True)
        yield _browser(client, sign(_body(PLAIN)))


def _one(
    client: httpx.Client, name: str, request: Signed, reasons: Reasons, *, chunked: bool = False
) -> Report:
    def post() -> httpx.Response:
        parts = (part for part in (request.body[:7], request.body[7:]))
        content = parts if chunked else request.body
        return client.post(request.path, content=content, headers=request.headers)

    try:
        answer = post()
        if _is_page(answer):
            return Report(name, answer.status_code, (_interstitial(client, request, answer),))
        if answer.status_code == 200:
            return _taken(name, answer)
        trouble = _refused(answer, name) or _told(_why(post, reasons), name)
    except httpx.HTTPError as error:
        return Report(name, 0, (f"there was no answer ({type(error).__name__}: {error})",))
    return Report(name, answer.status_code, (trouble,))


def _taken(name: str, answer: httpx.Response) -> Report:
    try:
        said = json.loads(answer.content)
        ids = (str(said["id"]),) if "id" in said else tuple(map(str, said["ids"]))
    except (ValueError, KeyError, TypeError):
        return Report(name, 200, ("the answer is not Receiver's: it was changed on the way back",))
    return Report(name, 200, (), ids)


def _is_page(answer: httpx.Response) -> bool:
    """Whether somebody answers with a page; Receiver never does on an event path."""
    kind = answer.headers.get("content-type", "")
    start = answer.content[:200].lstrip().lower()
    return "html" in kind or start.startswith((b"<!doctype html", b"<html"))


def _interstitial(client: httpx.Client, request: Signed, answer: httpx.Response) -> str:
    text = (
        f"interstitial page: it answers with a page of its own, status {answer.status_code}, and "
        "the event does not arrive"
    )
    if answer.status_code == 200:
        text += "; its sender takes the 200 for ours, and the event is lost"
    headers = {**request.headers, SKIP: "1"}
    again = client.post(request.path, content=request.body, headers=headers)
    if _is_page(again):
        return text
    return f"{text}. With the header {SKIP} it passes: have the sender send it, or have the " \
        "interstitial page taken off the account (a skip-interstitial grant)"  # fmt: skip


def _refused(answer: httpx.Response, name: str) -> str | None:
    """What an answer that is not Receiver's says; None for one that may be."""
    status = answer.status_code
    if 300 <= status < 400:
        return f"redirect: it sends requests on to {answer.headers.get('location', 'elsewhere')}"
    if status == 413:
        return f"body limit: it takes no body as large as the probe {name!r}"
    return None if status == 401 else f"status {status}: Receiver is not reached"


def _told(reason: str | None, name: str) -> str:
    if reason in ("missing", "not-configured"):
        return "header changes: the signature's header does not arrive"
    if reason in ("malformed", "doubled", "stale"):
        return f"header changes: the signature's header arrives changed ({reason})"
    if reason == "mismatch":
        return f"body changes: the bytes of the probe {name!r} are changed on the way"
    return "header or body changes: the signature does not fit what arrives"


def _why(post: Callable[[], httpx.Response], reasons: Reasons) -> str | None:
    """Why a request is refused: what is counted as often as it is sent again.

    Strangers are refused, too, and what was refused just before is counted late.
    """
    time.sleep(COUNTED)
    before = reasons()
    if not before:
        return None
    for _ in range(AGAIN):
        post()
    time.sleep(COUNTED)
    grown = {name: value - before.get(name, 0.0) for name, value in reasons().items()}
    name = max(grown, key=lambda each: grown[each])
    return name if grown[name] >= AGAIN else None


def _browser(client: httpx.Client, request: Signed) -> Report:
    """Whether browsers, at least, see a page in between; that is no trouble for senders."""
    headers = {**request.headers, "User-Agent": BROWSER}
    try:
        answer = client.post(request.path, content=request.body, headers=headers)
    except httpx.HTTPError:
        return Report("as a browser", 0)
    if answer.status_code == 200 and not _is_page(answer):
        return _taken("as a browser", answer)
    return Report("as a browser", answer.status_code)


def reasons_of(admin: str) -> dict[str, float]:
    """How often requests were refused, by reason, from the metrics of the admin listener."""
    try:
        text = httpx.get(f"{admin}/metrics", timeout=5.0, trust_env=False).text
    except httpx.HTTPError:
        return {}
    counts: dict[str, float] = {"": 0.0}
    for line in _COUNTER.finditer(text):
        if reason := _REASON.search(line["labels"]):
            counts[reason[1]] = counts.get(reason[1], 0.0) + float(line["value"])
    return counts
