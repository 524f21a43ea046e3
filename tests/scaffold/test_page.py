"""docs/plugins.md, from nothing to published: every command of it is run, in its order."""

from __future__ import annotations

import re
import sys
from pathlib import Path

from elsewhere import Place

from receiver.testing import RecordingServer

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "plugins.md").read_text()


def commands(mark: str) -> list[str]:
    """The lines of the page's block after a mark."""
    [block] = re.findall(rf"<!-- {mark} -->\n```sh\n(.*?)```", PAGE, flags=re.DOTALL)
    return block.splitlines()


def test_the_page_leads_from_nothing_to_published(
    fresh: Place, recording_server: RecordingServer, tmp_path: Path
) -> None:
    begin, enter, *project = commands("project")
    # The page's reader has Receiver; the one here is the same, from its own environment.
    made = Place(Path(sys.executable), {}).run(
        sys.executable, "-m", *begin.replace("'", "").split(), cwd=tmp_path
    )
    assert "Next:" in made.stdout
    folder = tmp_path / enter.removeprefix("cd ")
    told = {}
    for command in project:
        told[command] = fresh.run("sh", "-ec", command, cwd=folder).stdout
    assert "chat" in told["receiver sinks list"]
    assert 'sink = "chat"' in told["receiver sinks describe chat"]

    index = {
        "TWINE_REPOSITORY_URL": recording_server.url,
        "TWINE_USERNAME": "me",
        "TWINE_PASSWORD": "secret-of-mine",
        "TWINE_NON_INTERACTIVE": "1",
    }
    here = Place(Path(sys.executable), {**fresh.offline, **index})
    for command in commands("publish"):
        here.run("sh", "-ec", command, cwd=folder)
    sent = [request.body for request in recording_server.requests]
    assert len(sent) == 2
    assert all(b"receiver-framework<0.2,>=0.1" in body for body in sent)
    assert not any(
        b"vendor/" in body and b".whl" in body.partition(b"vendor/")[2][:60] for body in sent
    )
