"""Which operation a path belongs to."""

from __future__ import annotations

import pytest

from receiver.contract import Limits, Operation
from receiver.errors import ConfigError
from receiver.http.table import Table, routed
from receiver.locator import Constant


def operation(path: str, id: str = "acme") -> Operation:
    return Operation(
        id=id,
        path=path,
        source="acme",
        transport="http",
        security=(("acme",),),
        events=("made",),
        batch=False,
        type=Constant("made"),
        key=None,
        time=None,
        node=None,
        user=None,
        limits=Limits(),
    )


FIXED = operation("/acme/events", "fixed")
ORDER = operation("/acme/{kind}/{order-id}", "order")
TABLE = Table([ORDER, FIXED])


@pytest.mark.parametrize("path", ["/acme/events", "/acme/events/", "/acme/events//"])
def test_a_trailing_slash_is_the_same_path(path: str) -> None:
    assert TABLE.find(path) == (FIXED, None)


@pytest.mark.parametrize("path", ["/acme/orders/7", "/acme/orders/7/"])
def test_a_template_tells_the_values_of_its_parameters(path: str) -> None:
    assert TABLE.find(path) == (ORDER, {"kind": "orders", "order-id": "7"})


@pytest.mark.parametrize(
    "path",
    ["/", "", "//", "/acme", "/acme/", "/Acme/events", "acme/events", "/acme/a/b/c", "/acme//7"],
)
def test_what_is_no_event_path_is_found_nowhere(path: str) -> None:
    assert TABLE.find(path) is None


def test_a_line_break_at_the_end_is_not_the_same_path() -> None:
    assert TABLE.find("/acme/events\n") is None


def test_a_fixed_path_goes_before_a_template_that_fits() -> None:
    table = Table([operation("/acme/{kind}", "any"), FIXED])
    assert table.find("/acme/events") == (FIXED, None)


def test_a_path_that_is_declared_with_a_slash_or_encoded_is_found_without() -> None:
    slashed, spaced = operation("/a/", "slashed"), operation("/b%20c", "spaced")
    table = Table([slashed, spaced])
    assert table.find("/a") == (slashed, None)
    assert table.find("/b c") == (spaced, None)


@pytest.mark.parametrize(
    ("one", "other"), [("/a", "/a/"), ("/a/{x}", "/a/{y}"), ("/b%20c", "/b c")]
)
def test_two_operations_on_one_path_are_refused(one: str, other: str) -> None:
    with pytest.raises(ConfigError, match="one and other share the path"):
        Table([operation(one, "one"), operation(other, "other")])


def test_connexion_knows_a_template_as_a_fixed_path() -> None:
    assert routed(ORDER) == "/acme/(kind)/(order-id)"
    assert routed(FIXED) == "/acme/events"
