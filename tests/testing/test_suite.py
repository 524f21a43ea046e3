"""The suite finds every broken promise, and says which it is."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

import pytest

from receiver.testing import SinkSuite

HERE = Path(__file__).resolve().parent / "broken"

BROKEN: dict[str, tuple[str, str]] = {
    "declared::TestFoundByName": ("is_found_by_its_name", "entry-point group"),
    "declared::TestOfTheFuture": ("was_written_for_this_version_of_the_plugin_api", "plugin API 1"),
    "declared::TestWordless": ("says_in_one_line_what_it_does", "docstring"),
    "declared::TestMisspelt": (
        "hooks_exist_and_ask_for_what_they_are_given",
        "did you mean on_event",
    ),
    "declared::TestDemanding": ("settings_are_accepted", "needs the setting address"),
    "declared::TestDeaf": ("takes_an_event_type_of_the_contract", "takes none"),
    "declared::TestUndescribed": ("every_setting_is_described", "Field(description=…)"),
    "declared::TestFormless": ("settings_can_be_a_form", "JSON Schema"),
    "declared::TestCareless": ("an_unknown_setting_is_refused", "derive them from Sink.Settings"),
    "declared::TestThawed": ("settings_do_not_change", "settings are frozen"),
    "declared::TestOpenSecret": (
        "what_is_secret_by_its_name_is_a_secret_by_its_type",
        "api_token is",
    ),
    "declared::TestTalkative": ("no_secret_is_shown", "holds a secret"),
    "declared::TestConnects": ("importing_it_opens_nothing", "threading.Thread.start"),
    "declared::TestHasty": ("making_it_opens_nothing", "threading.Thread.start"),
    "declared::TestUntold": ("its_readme_lists_every_setting", "does not of color"),
    "lived::TestShut": ("it_opens_and_closes", "ValueError: no"),
    "lived::TestOnce": ("it_works_again_after_a_restart", "open before"),
    "lived::TestThreaded": ("closing_leaves_no_thread_behind", "left: forgotten"),
    "lived::TestTasked": ("closing_leaves_no_task_behind", "sleep"),
    "lived::TestFiled": ("closing_leaves_no_file_or_connection_open", "left 3 open"),
    "lived::TestSharing": ("instances_share_nothing", "the class's seen"),
    "lived::TestChatty": ("it_returns_what_a_hook_may_return", "'ok'"),
    "lived::TestBlocking": ("it_does_not_hold_up_the_loop", "stood still"),
    "lived::TestStubborn": ("it_can_be_cancelled", "goes on for more than"),
    "lived::TestPrinting": ("it_prints_nothing", "it printed"),
    "lived::TestLying": ("a_target_that_is_not_there_means_try_again", "it said delivered"),
    "lived::TestHopeless": ("a_target_that_is_not_there_means_try_again", "no waiting can cure"),
    "lived::TestLeaking": ("neither_logs_nor_reasons_hold_a_secret", "printed holds"),
    "lived::TestRefusing": ("a_route_delivers_through_it", "0 of 20 delivered"),
    "lived::TestRooted": (
        "a_route_in_a_process_of_its_own_delivers_through_it",
        "KeyError: 'needed'",
    ),
    "taken::TestRefusing": (
        "it_delivers_a_sample_of_every_type_it_has_a_hook_for",
        "returned False",
    ),
    "taken::TestOldSpec": ("it_takes_fields_that_the_spec_does_not_know", "may add fields"),
    "taken::TestNodes": ("it_takes_events_without_node_user_or_key", "may be None"),
    "taken::TestAscii": ("it_takes_text_of_every_script", "UnicodeDecodeError"),
    "taken::TestNames": ("it_takes_names_of_every_script", "any text the sender chose"),
    "taken::TestNumbers": ("it_takes_large_numbers", "as large as"),
    "taken::TestLarge": ("it_answers_for_a_large_payload", "1 MiB"),
    "taken::TestDeep": ("it_answers_for_a_deep_payload", "nest 120 deep"),
    "taken::TestTypes": ("it_answers_for_a_type_that_is_new_to_the_contract", "no spec has heard"),
    "taken::TestAgain": ("it_takes_events_again", "later attempts"),
    "taken::TestForgetful": ("an_event_that_comes_twice_is_delivered_twice", "may come again"),
    "taken::TestTwice": ("an_event_that_comes_twice_is_delivered_twice", "has it 3 times"),
    "taken::TestSmall": ("it_takes_a_list_of_one_and_a_list_of_many", "100 of 100"),
    "taken::TestAlone": ("it_takes_events_of_many_nodes_at_the_same_time", "at the same time"),
    "taken::TestLosing": ("everything_arrives", "10 of 100 did not arrive"),
    "taken::TestReversing": ("events_arrive_in_their_order", "suite-0100"),
    "taken::TestWriting": ("events_and_lists_of_them_stay_as_they_were", "never changed"),
    "taken::TestShapes": ("any_event_gets_an_answer", "whatever a payload holds"),
}


@pytest.fixture(scope="module")
def messages(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """What the suite said of each broken sink: one run of pytest over all of them."""
    site = tmp_path_factory.mktemp("site")
    for name, value, readme in (
        ("untold", "declared:Untold", "It says nothing of its settings."),
        ("rooted", "lived:Rooted", "`color`"),
    ):
        info = site / f"receiver_{name}-1.0.dist-info"
        info.mkdir()
        head = f"Metadata-Version: 2.1\nName: receiver-{name}\nVersion: 1.0\n\n"
        (info / "METADATA").write_text(f"{head}{readme}\n")
        (info / "entry_points.txt").write_text(f"[receiver.sinks]\n{name} = {value}\n")
    report = site / "report.xml"
    wanted = [
        f"{file}.py::{case}::{_test(name)}"
        for place, (name, _) in BROKEN.items()
        for file, _, case in [place.partition("::")]
    ]
    options = ["-q", "-p", "no:cacheprovider", "-c", os.devnull, "--rootdir", str(HERE)]
    done = subprocess.run(
        [sys.executable, "-m", "pytest", *options, f"--junit-xml={report}", *wanted],
        cwd=HERE,
        env={**os.environ, "PYTHONPATH": os.pathsep.join([str(site), str(HERE)])},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 1, done.stdout + done.stderr
    found = {}
    for case in ElementTree.parse(report).iter("testcase"):
        failure = case.find("failure")
        place = str(case.get("classname")).replace(".", "::")
        found[place] = "" if failure is None else str(failure.text)
    return found


def _test(name: str) -> str:
    """The test of the suite whose name ends so."""
    [found] = [test for test in dir(SinkSuite) if test.startswith("test_") and test.endswith(name)]
    return found


def test_the_suite_tells_which_promise_a_sink_breaks(messages: dict[str, str]) -> None:
    # One test, for one run of pytest: workers of pytest-xdist would each make their own.
    wrong = {
        place: message
        for place, message in messages.items()
        if not message.startswith("The contract: ")
        or "\nThis sink: " not in message
        or BROKEN[place][1] not in message
    }
    assert wrong == {}
    assert set(messages) == set(BROKEN)


def test_every_promise_of_the_suite_is_broken_by_a_sink() -> None:
    promises = {name for name in dir(SinkSuite) if name.startswith("test_")}
    assert promises == {_test(name) for name, _ in BROKEN.values()}
    assert len(promises) >= 25
