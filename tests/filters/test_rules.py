"""The rules of filters, beside a second, naive telling of them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from receiver.filters import Filter, Filters, fault

ELIGIBLE = {
    "online": ("system", "user", "node"),
    "alert": ("system",),
    "registered": (),
}
TYPES = [*ELIGIBLE, "unheard"]
USERS = ["alice", "bob"]
NODES = ["n1", "n2"]
ROUTES = ["hook", "archive"]

FILTERS = st.builds(
    lambda level, type, entity, enabled, routes: Filter(
        level, type, "" if level == "system" else entity, enabled, frozenset(routes)
    ),
    st.sampled_from(["system", "user", "node"]),
    st.sampled_from(TYPES),
    st.sampled_from(USERS + NODES),
    st.booleans(),
    st.sets(st.sampled_from(ROUTES)),
)
MAYBE = st.none()


def naive(
    filters: list[Filter],
    route: str,
    strict: bool,
    type: str,
    user: str | None,
    node: str | None,
    default: bool,
) -> bool:
    """The rules as the documents tell them, one sentence after the other."""
    can_be_disabled_at = ELIGIBLE.get(type, ())
    if can_be_disabled_at == ():
        return True
    somebody_spoke = False
    for level, entity in [("system", ""), ("user", user), ("node", node)]:
        if level not in can_be_disabled_at:
            continue
        newest = [f for f in filters if (f.level, f.type, f.entity) == (level, type, entity)][-1:]
        for one in newest:
            if not one.enabled or route not in one.routes:
                return False
            somebody_spoke = True
    return somebody_spoke or (default and not strict)


@given(
    st.lists(FILTERS, max_size=12),
    st.sampled_from(ROUTES),
    st.booleans(),
    st.sampled_from(TYPES),
    MAYBE | st.sampled_from(USERS),
    MAYBE | st.sampled_from(NODES),
    st.booleans(),
)
def test_the_snapshot_decides_as_the_rules_are_told(
    filters: list[Filter],
    route: str,
    strict: bool,
    type: str,
    user: str | None,
    node: str | None,
    default: bool,
) -> None:
    snapshot = Filters(filters, ELIGIBLE, default=default)
    expected = naive(filters, route, strict, type, user, node, default)

    assert snapshot.passes(route, strict, type, user, node) is expected
    assert snapshot.decide(route, strict, type, user, node).delivered is expected


def test_the_decision_names_the_filter() -> None:
    off = Filter("user", "online", "alice", False, frozenset(["hook"]))
    on = Filter("system", "online", "", True, frozenset(["hook"]))

    decision = Filters([on, off], ELIGIBLE).decide("hook", True, "online", "alice", "n1")

    assert decision.filter is off
    assert decision.why == "the filter user alice online is disabled"


def test_a_disabled_system_filter_is_asked_before_the_node() -> None:
    node = Filter("node", "online", "n1", True, frozenset(["hook"]))
    system = Filter("system", "online", "", False, frozenset(["hook"]))

    assert (
        Filters([node, system], ELIGIBLE).decide("hook", False, "online", None, "n1").filter
        is system
    )


@pytest.mark.parametrize(
    ("level", "type", "why"),
    [
        ("system", "alert", None),
        ("node", "alert", "alert cannot be disabled at the node level; it can at: system"),
        ("system", "registered", "registered cannot be disabled at any level"),
        ("system", "nothing", "the contract has no event type 'nothing'"),
        ("group", "online", "there is no level 'group'; levels: system, user, node"),
    ],
)
def test_a_filter_that_cannot_be_is_refused_with_the_reason(
    level: str, type: str, why: str | None
) -> None:
    assert fault(level, type, ELIGIBLE) == why
