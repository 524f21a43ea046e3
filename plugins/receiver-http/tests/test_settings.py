"""What a route may say, and what is refused before the first event."""

from __future__ import annotations

from importlib.metadata import entry_points
from typing import Any

import pytest
from pydantic import ValidationError
from receiver_http import Http

URL = "https://crm.example.com/hooks/1"


def test_the_sink_is_found_because_it_is_installed() -> None:
    [found] = entry_points(group="receiver.sinks", name="http")
    assert found.load() is Http


def test_a_url_is_enough() -> None:
    settings = Http.Settings(url=URL)
    assert (settings.method, settings.body, settings.allow_private) == ("POST", "cloudevent", False)


@pytest.mark.parametrize(
    ("settings", "reason"),
    [
        ({}, "url"),
        ({"url": "crm.example.com"}, "whole http:// or https:// address"),
        ({"url": "ftp://crm.example.com"}, "whole http:// or https:// address"),
        ({"url": "https:///x"}, "whole http:// or https:// address"),
        ({"url": "https://crm.example.com:port/"}, "whole http:// or https:// address"),
        ({"url": "https://me:pw@crm.example.com/"}, "must not hold a user or password"),
        ({"method": "GET"}, "POST"),
        ({"headers": {"bad name": "x"}}, "is not a header name"),
        ({"headers": {"X-A": "x\r\nX-B: y"}}, "printable ASCII"),
        ({"headers": {"X-A": "é"}}, "printable ASCII"),
        ({"headers": {"X-A": "1", "x-a": "2"}}, "x-a is given twice"),
        ({"headers": {"Content-Type": "text/plain"}}, "set `content_type`"),
        ({"headers": {"Webhook-Id": "1"}}, "written by the sink itself"),
        ({"content_type": "text/plain\r\n"}, "printable ASCII"),
        ({"secret": "s3cr3t"}, "starts with whsec_"),
        ({"body": "template"}, "either `template` or `template_file`"),
        ({"body": "template", "template": "x", "template_file": "y"}, "either `template`"),
        ({"template": "x"}, "only used with body"),
        ({"body": "template", "template": "{% if %}"}, r"cannot be compiled: .* \(line 1\)"),
        ({"timeout": 0}, "greater than 0"),
        ({"tiemout": 1}, "tiemout"),
    ],
)
def test_what_cannot_work_is_refused_with_its_reason(settings: dict[str, Any], reason: str) -> None:
    given = settings if not settings or "url" in settings else {"url": URL, **settings}
    with pytest.raises(ValidationError, match=reason) as caught:
        Http.Settings(**given)
    assert "s3cr3t" not in str(caught.value)
    assert "me:pw" not in str(caught.value)


def test_a_template_file_that_is_not_there_stops_the_sink_from_opening() -> None:
    sink = Http(Http.Settings(url=URL, body="template", template_file="no/such.jinja"))
    with pytest.raises(FileNotFoundError):
        sink.open()
