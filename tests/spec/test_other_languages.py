"""webhooks.yaml serves other languages: docs/spec.md's commands make servers of it."""

from __future__ import annotations

import compileall
import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "spec.md").read_text()
[BLOCK] = re.findall(r"<!-- openapi-generator -->\n```sh\n(.*?)```", PAGE, flags=re.DOTALL)
INSTALL, *COMMANDS = BLOCK.splitlines()
GENERATOR = shutil.which("openapi-generator-cli")
PATHS = len(re.findall(r"(?m)^  /\S+:$", (ROOT / "webhooks.yaml").read_text()))

pytestmark = pytest.mark.skipif(GENERATOR is None, reason=f"there is none; {INSTALL}")


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder in which every command of the page has been run."""
    folder = tmp_path_factory.mktemp("languages")
    shutil.copy(ROOT / "webhooks.yaml", folder)
    for command in COMMANDS:
        done = subprocess.run(
            command.split(), cwd=folder, capture_output=True, text=True, timeout=120, check=False
        )
        assert done.returncode == 0, f"{command}\n{done.stdout[-3000:]}\n{done.stderr[-3000:]}"
    return folder / "stubs"


def test_the_page_validates_and_names_three_languages() -> None:
    assert COMMANDS[0] == "openapi-generator-cli validate -i webhooks.yaml"
    languages = [command.split()[5] for command in COMMANDS[1:]]
    assert languages == ["python-aiohttp", "go-server", "nodejs-express-server"]


def test_each_server_has_every_path(made: Path) -> None:
    # One test, for one generation: workers of pytest-xdist would each make their own.
    python_compiles_and_has_every_path(made)
    go_has_every_path(made)
    node_has_every_path_and_parses(made)


def python_compiles_and_has_every_path(made: Path) -> None:
    package = made / "python-aiohttp" / "openapi_server"
    assert compileall.compile_dir(package, quiet=1)
    spec = (package / "openapi" / "openapi.yaml").read_text()
    assert len(re.findall(r"(?m)^  /\S+:$", spec)) == PATHS


def go_has_every_path(made: Path) -> None:
    routes = "".join(path.read_text() for path in (made / "go-server" / "go").glob("api_*.go"))
    assert '"/gridx/events/appliance/online"' in routes
    assert '"/solarnetwork/events"' in routes
    assert "func main()" in (made / "go-server" / "main.go").read_text()


def node_has_every_path_and_parses(made: Path) -> None:
    server = made / "nodejs-express-server"
    assert json.loads((server / "package.json").read_text())["dependencies"]["express"]
    spec = (server / "api" / "openapi.yaml").read_text()
    assert len(re.findall(r"(?m)^  /\S+:$", spec)) == PATHS
    node = shutil.which("node")
    if node is not None:
        for script in sorted((server / "controllers").glob("*.js")):
            subprocess.run([node, "--check", str(script)], check=True, timeout=30)
