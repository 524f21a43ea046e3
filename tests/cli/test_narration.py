"""What `receiver dev` says of requests that are not simply taken."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from receiver import catalogue
from receiver.cli.narration import Narrator
from receiver.contract import Contract
from receiver.receipt import Receipt, Status
from receiver.replies import (
    HeadersTooLarge,
    Outcome,
    Refused,
    Taken,
    TooLarge,
    TooSlow,
    Unavailable,
)

Said = Callable[[], list[str]]
PATH = "/gridx/events/appliance/online"
SEND = "accepted would be: receiver send appliance/online --config x.toml"


@pytest.fixture(scope="module")
def contract() -> Contract:
    return catalogue.load().contract


@pytest.fixture
def narrator(contract: Contract) -> Narrator:
    return Narrator(contract, " --config x.toml")


@pytest.fixture
def said(capsys: pytest.CaptureFixture[str]) -> Said:
    return lambda: capsys.readouterr().out.splitlines()


@pytest.mark.parametrize(
    ("outcome", "detail", "line"),
    [
        (Refused("mismatch"), "not signed", f"401 gridx_appliance_online: not signed; {SEND}"),
        (
            TooLarge(1048576),
            "",
            "413 gridx_appliance_online: the body has more than 1048576 bytes, the operation's "
            "limit; send fewer events at once, or raise x-receiver.limits.body of it in the spec",
        ),
        (
            TooSlow(),
            "",
            "408 gridx_appliance_online: the body was not complete 10 s after its headers; its "
            "sender was cut off, or sent less than its Content-Length says",
        ),
        (
            HeadersTooLarge(),
            "",
            "431 gridx_appliance_online: more than 100 header fields, or more than 16384 bytes; "
            "send fewer; a proxy on the way may add some",
        ),
        (
            Unavailable(5, "the store /x: the disk is full"),
            "",
            "503 gridx_appliance_online: the store /x: the disk is full; its sender is asked to "
            "send it again in 5 s",
        ),
        (
            Taken([Receipt(Status.QUARANTINED, "id", ("/a: is bad", "/b: too"))]),
            "",
            "200 gridx_appliance_online: quarantined: /a: is bad; /b: too; see: receiver "
            "quarantine list --config x.toml",
        ),
    ],
    ids=lambda value: type(value).__name__,
)
async def test_each_outcome_is_a_line_with_what_to_do(
    narrator: Narrator, contract: Contract, said: Said, outcome: Outcome, detail: str, line: str
) -> None:
    operation = next(one for one in contract.operations if one.path == PATH)
    narrator.observe(operation, outcome, detail)
    assert said() == [line]


@pytest.mark.parametrize("path", ["/gridx/event/appliance/online", "/appliance/online"])
async def test_a_post_to_no_event_path_is_told_the_nearest(
    narrator: Narrator, said: Said, path: str
) -> None:
    narrator.stranger(404, "POST", path)
    assert said() == [f"404 POST {path}: no event path; the nearest is {PATH}; {SEND}"]


async def test_another_method_on_an_event_path_is_told_to_post(
    narrator: Narrator, said: Said
) -> None:
    narrator.stranger(405, "GET", f"{PATH}/")
    assert said() == [f"405 GET {PATH}/: an event path takes POST only; {SEND}"]


async def test_a_browser_that_looks_around_is_not_told(narrator: Narrator, said: Said) -> None:
    narrator.stranger(404, "GET", "/favicon.ico")
    narrator.stranger(405, "PUT", "/healthz")
    assert said() == []


async def test_a_path_of_any_length_and_content_is_one_short_line(
    narrator: Narrator, said: Said
) -> None:
    narrator.stranger(404, "POST", "/\x1b[2J\n" + "a" * 100_000)
    [line] = said()
    assert line.isprintable()
    assert len(line) < 500
