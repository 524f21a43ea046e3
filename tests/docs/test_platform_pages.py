"""docs/platforms/: configurations are accepted, commands exist, links lead somewhere."""

from __future__ import annotations

import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from receiver import keptsecrets
from receiver.settings.sns import SnsSettings
from receiver.testing import RunningReceiver

ROOT = Path(__file__).resolve().parents[2]
FOLDER = ROOT / "docs" / "platforms"
PAGES = {
    name: (FOLDER / f"{name}.md").read_text() for name in ("rainmaker", "gridx", "solarnetwork")
}
FILES = [
    (page, name, text)
    for page, content in PAGES.items()
    for name, text in re.findall(r"<!-- file: (\S+) -->\n```toml\n(.*?)```", content, re.DOTALL)
]
COMMANDS = sorted(
    {
        line.strip().split("#")[0].strip()
        for content in PAGES.values()
        for block in re.findall(r"```sh\n(.*?)```", content, re.DOTALL)
        for line in block.splitlines()
        if line.strip().startswith("receiver ")
    }
)
VARIABLES = ("GRIDX_SECRET", "GRIDX_OLD_SECRET", "SNS_PASSWORD")
ENVIRON = dict.fromkeys(VARIABLES, "a-value-that-is-long-enough")


@pytest.mark.parametrize(("page", "name", "text"), FILES, ids=[name for _, name, _ in FILES])
def test_a_configuration_of_a_page_is_accepted(
    page: str, name: str, text: str, tmp_path: Path, rsa_pem: str
) -> None:
    (tmp_path / "certs").mkdir()
    receiver = RunningReceiver(
        tmp_path, config=text, environ={**ENVIRON, "GRIDX_PUBLIC_KEY": rsa_pem}
    )
    checked = receiver.run("config", "check")
    assert checked.returncode == 0, checked.stderr


@pytest.fixture(scope="session")
def rsa_pem() -> str:
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric import rsa

    key = rsa.generate_private_key(public_exponent=65537, key_size=2048).public_key()
    form = serialization.PublicFormat.SubjectPublicKeyInfo
    return key.public_bytes(serialization.Encoding.PEM, form).decode()


def test_every_command_of_the_pages_exists_with_its_options() -> None:
    script = (
        "import json, sys\n"
        "from typer.main import get_command\n"
        "from receiver.cli import app\n"
        "for words in json.load(sys.stdin):\n"
        "    command, rest = get_command(app), list(words)\n"
        "    while hasattr(command, 'commands') and rest and rest[0] in command.commands:\n"
        "        command = command.commands[rest.pop(0)]\n"
        "    assert not hasattr(command, 'commands') or rest == ['--help'], words\n"
        "    known = {o for p in command.params for o in (*p.opts, *p.secondary_opts)}\n"
        "    unknown = [w for w in rest if w.startswith('--') and w not in {'--help', *known}]\n"
        "    assert not unknown, (words, unknown)\n"
    )
    import json

    words = [shlex.split(command)[1:] for command in COMMANDS]
    done = subprocess.run(
        [sys.executable, "-c", script],
        input=json.dumps(words),
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert len(COMMANDS) > 15


@pytest.mark.parametrize("page", PAGES)
def test_every_link_leads_somewhere(page: str) -> None:
    text = PAGES[page]
    headings = {
        re.sub(r"[^a-z0-9 -]", "", heading.lower()).replace(" ", "-")
        for heading in re.findall(r"^#+ (.*)$", text, re.MULTILINE)
    }
    for target in re.findall(r"\]\(([^)]+)\)", text):
        if target.startswith("#"):
            assert target[1:] in headings, target
        elif not target.startswith("https://"):
            assert (FOLDER / target).resolve().exists(), target


def test_every_setting_of_sns_is_in_the_reference_and_the_main_ones_on_the_page() -> None:
    reference = (ROOT / "docs" / "configuration.md").read_text()
    assert [name for name in SnsSettings.model_fields if f"`{name}`" not in reference] == []
    for name in ("topics", "certificates", "fetch", "max_age", "password", "suffixes"):
        assert name in PAGES["rainmaker"]


@pytest.mark.skipif(not shutil.which("openssl"), reason="needs the openssl that the page uses")
def test_what_a_bridge_signs_as_the_page_says_is_taken() -> None:
    [script] = re.findall(r"<!-- sign -->\n```sh\n(.*?)```", PAGES["solarnetwork"], re.DOTALL)
    with RunningReceiver() as receiver:
        kept = keptsecrets.read(receiver.folder / ".receiver")["solarnetwork"]
        (receiver.folder / "bridge.secret").write_text(kept.secrets["dev"] + "\n")
        done = subprocess.run(
            ["bash", "-ec", script.replace("localhost:8080", receiver.url)],
            cwd=receiver.folder,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        assert '"status":"accepted"' in done.stdout, done.stderr
