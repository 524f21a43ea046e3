"""`receiver status` shows what somebody should know and do."""

from __future__ import annotations

from pathlib import Path

from receiver.notices import Notices
from receiver.testing import RunningReceiver


def test_a_notice_is_one_line_of_status_until_it_is_settled() -> None:
    with RunningReceiver() as receiver:
        notices = Notices(Path(receiver.folder) / ".receiver")
        notices.note("sns-topic", "arn", "a topic was refused", 'set topics = ["arn"]')
        shown = receiver.run("status")
        assert shown.returncode == 1
        assert '! a topic was refused; set topics = ["arn"]' in shown.stdout.splitlines()
        notices.settle("sns-topic", "arn")
        assert "a topic was refused" not in receiver.run("status").stdout
