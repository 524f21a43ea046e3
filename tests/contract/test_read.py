"""The contract of stores: reading what is kept."""

from __future__ import annotations

from datetime import timedelta

import pytest

from receiver.inbox import Query


@pytest.fixture
async def full(inbox, entry):
    noon = entry().received_at
    rows = [
        ("e1", "acme", "door/open", "n1", "u1", b'{"colour": "red"}'),
        ("e2", "acme", "door/shut", "n2", "u1", b'{"colour": "blue"}'),
        ("e3", "other", "door/open", "n1", "u2", b'{"colour": "r\xc3\xb6d"}'),
        ("e4", "other", "tank/full", None, None, b"\xff\x00%_"),
    ]
    for second, (name, source, kind, node, user, raw) in enumerate(rows):
        at = noon + timedelta(seconds=second)
        told = {"id": name, "source": source, "type": kind, "node": node, "user": user, "raw": raw}
        await inbox.append([entry(**told, received_at=at)])
        wrong = told | {"id": f"q{name[1:]}", "problems": ("no",)}
        await inbox.append([entry(**wrong, received_at=at)])
    return inbox


QUERIES = [
    ({}, "1234"),
    ({"ids": ("{}2", "{}4", "nobody")}, "24"),
    ({"ids": ("nobody",)}, ""),
    ({"begins": "{}"}, "1234"),
    ({"begins": "{}3"}, "3"),
    ({"begins": "_"}, ""),
    ({"sources": ("acme",)}, "12"),
    ({"sources": ("acme", "other")}, "1234"),
    ({"types": ("door/*",)}, "123"),
    ({"types": ("door/*", "!*/shut")}, "13"),
    ({"types": ("!*",)}, ""),
    ({"nodes": ("n1",)}, "13"),
    ({"users": ("u1", "u2"), "nodes": ("n1",)}, "13"),
    ({"since": 1}, "234"),
    ({"until": 1}, "1"),
    ({"since": 1, "until": 3}, "23"),
    ({"text": "röd"}, "3"),
    ({"text": "%_"}, "4"),
    ({"text": "COLOUR"}, ""),
    ({"after": 2}, "34"),
    ({"limit": 2}, "12"),
    ({"limit": 0}, ""),
    ({"after": 1, "limit": 2}, "23"),
    ({"newest_first": True}, "4321"),
    ({"newest_first": True, "limit": 2}, "43"),
    ({"newest_first": True, "after": 2}, "43"),
    ({"newest_first": True, "types": ("door/*",), "limit": 1}, "3"),
]


@pytest.mark.parametrize("state", ["accepted", "quarantined"])
@pytest.mark.parametrize(("asked", "expected"), QUERIES, ids=[str(q) for q, _ in QUERIES])
async def test_a_query_reads_what_it_asks_for(full, entry, state, asked, expected):
    letter = "e" if state == "accepted" else "q"
    noon = entry().received_at
    given = dict(asked)
    for name in ("since", "until"):
        if name in given:
            given[name] = noon + timedelta(seconds=given[name])
    if "ids" in given:
        given["ids"] = tuple(name.format(letter) for name in given["ids"])
    if "begins" in given:
        given["begins"] = given["begins"].format(letter)

    found = await full.read(Query(state=state, **given))

    assert "".join(event.id.removeprefix(letter) for event in found) == expected


async def test_an_empty_store_reads_as_nothing(inbox):
    assert await inbox.read(Query()) == []
    assert await inbox.read(Query(state="quarantined")) == []
    assert await inbox.dead_letters() == []
    assert await inbox.places() == []
