"""The architecture, executable: imports point down only (docs/architecture.md, "Floors")."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]

FLOORS: list[set[str]] = [
    # 0 words
    {"errors", "event", "receipt"},
    # 1 rules (pure)
    {
        "antpatterns",
        "backoff",
        "breaker",
        "columns",
        "compression",
        "contract",
        "dedup",
        "eventtypes",
        "excerpt",
        "filters",
        "finding",
        "gathering",
        "keyring",
        "ledger",
        "locator",
        "openapi",
        "pace",
        "patterns",
        "payload",
        "printable",
        "redaction",
        "replies",
        "resending",
        "samples",
        "sampling",
        "schema",
        "signature",
        "strictjson",
        "survey",
        "traceparent",
        "turns",
        "vocabulary",
    },
    # 2 ports and shapes
    {
        "body",
        "deadline",
        "hookspecs",
        "inbox",
        "lookup",
        "masking",
        "outbound",
        "settings",
        "sink",
        "tracing",
        "transport",
    },
    # 3 edges (I/O)
    {
        "catalogue",
        "decisions",
        "inbox.memory",
        "inbox.sqlite",
        "keptsecrets",
        "logs",
        "metrics",
        "notices",
        "plugins",
        "references",
        "refusals",
        "secrets",
        "secretuse",
        "settings.file",
        "sinks",
    },
    # 4 sources: the only rooms, beside platforms, that know a platform
    {"sources"},
    # 5 flows
    {
        "crowd",
        "dispatch",
        "gate",
        "intake",
        "isolation",
        "judgement",
        "lot",
        "passage",
        "rejudgement",
        "stuck",
        "transports",
        "watchdog",
    },
    # 6 surfaces (do not import each other)
    {"codegen", "http", "management", "platforms", "testing"},
    # 7 entries
    {
        "__main__",
        "arbiterlog",
        "asgi",
        "aws_lambda",
        "backstage",
        "benchmark",
        "bulletin",
        "cli",
        "composition",
        "configured",
        "doctor",
        "exposure",
        "draining",
        "gunicorn",
        "preparation",
        "reloading",
        "running",
        "selftest",
        "simulation",
        "serving",
        "supervisor",
        "worker",
    },
]
PORCH = 2
SURFACES = 6


def modules() -> dict[str, Path]:
    """Dotted names below `receiver`, and their files."""
    found = {}
    for path in sorted((ROOT / "receiver").rglob("*.py")):
        parts = path.relative_to(ROOT / "receiver").with_suffix("").parts
        name = ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
        found[name] = path
    return found


MODULES = modules()


def room(module: str) -> str:
    """The room of the table that a module lives in."""
    for known in sorted((r for floor in FLOORS for r in floor), key=len, reverse=True):
        if module == known or module.startswith(known + "."):
            return known
    raise AssertionError(f"receiver.{module} stands on no floor: add it to FLOORS")


def floor(module: str) -> int:
    if module == "":
        return PORCH
    return next(n for n, rooms in enumerate(FLOORS) if room(module) in rooms)


def imports(path: Path) -> Iterator[str]:
    """Every module of `receiver` that a file names in an import, wherever the import stands."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            names = []
            for alias in node.names:
                longer = f"{node.module}.{alias.name}"
                is_module = longer.removeprefix("receiver.") in MODULES
                names.append(longer if is_module else str(node.module))
        else:
            continue
        for name in names:
            if name == "receiver":
                yield ""
            elif name.startswith("receiver."):
                yield name.removeprefix("receiver.")


def reached(module: str) -> set[str]:
    """Every module that importing `module` leads to, the porch left out."""
    seen: set[str] = set()
    todo = [module]
    while todo:
        name = todo.pop()
        if name in seen or name not in MODULES or name == "":
            continue
        seen.add(name)
        todo.extend(imports(MODULES[name]))
    return seen


@pytest.mark.parametrize("module", [name for name in MODULES if name])
def test_imports_point_down_only(module: str) -> None:
    for target in imports(MODULES[module]):
        if target.split(".")[0] in ("generated", "templates"):
            raise AssertionError(f"receiver.{module} imports the roof: {target}")
        assert floor(target) <= floor(module), f"receiver.{module} imports upwards: {target}"
        if floor(module) == SURFACES and floor(target) == SURFACES:
            assert room(target) == room(module), f"two surfaces meet: {module}, {target}"


def test_the_porch_shows_words_and_shapes_only() -> None:
    assert all(floor(target) <= PORCH for target in imports(MODULES[""]))


def test_receiving_works_when_every_sink_is_broken() -> None:
    rooms = {room(name) for name in reached("intake")}
    assert not rooms & {"plugins", "sink", "sinks", "dispatch"}


def test_a_running_server_loads_neither_generators_nor_the_test_kit() -> None:
    for entry in ("asgi", "backstage.process", "serving", "worker"):
        assert not {room(name) for name in reached(entry)} & {"benchmark", "codegen", "testing"}


@pytest.mark.parametrize(
    ("library", "rooms"),
    [
        ("connexion", {"http", "management"}),
        ("pluggy", {"hookspecs", "plugins"}),
        ("sqlite3", {"inbox.sqlite"}),
        ("typer", {"cli"}),
    ],
)
def test_a_library_stays_in_its_rooms(library: str, rooms: set[str]) -> None:
    users = {
        room(name) for name, path in MODULES.items() if name and library in set(third_party(path))
    }
    assert users <= rooms


def third_party(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name.split(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module.split(".")[0]


@pytest.mark.parametrize("module", [name for name in MODULES if name and floor(name) <= 1])
def test_rules_know_no_clock_no_files_no_environment(module: str) -> None:
    banned = {"asyncio", "os", "pathlib", "random", "socket", "subprocess", "threading", "time"}
    assert not banned & set(third_party(MODULES[module]))
    for node in ast.walk(ast.parse(MODULES[module].read_text())):
        if isinstance(node, ast.Call):
            called = ast.unparse(node.func)
            assert called not in ("open", "datetime.now", "datetime.utcnow"), (module, called)
