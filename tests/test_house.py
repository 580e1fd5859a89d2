"""The doors between the rooms: what may import what, and how long a file may be."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
CORE = sorted((ROOT / "mlpcore").rglob("*.py"))
HANDS = [ROOT / "app.py", *sorted((ROOT / "pages").rglob("*.py"))]
PAGES = sorted((ROOT / "pages").glob("*.py"))
TESTS = sorted((ROOT / "tests").rglob("*.py"))


def imports(path):
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {name.name for name in node.names}
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            found |= {node.module, *(f"{node.module}.{name.name}" for name in node.names)}
    return found


def roots(path):
    return {name.split(".")[0] for name in imports(path)}


def relative(path):
    return str(path.relative_to(ROOT))


@pytest.mark.parametrize("path", CORE, ids=relative)
def test_the_core_knows_numbers_only(path):
    allowed = {"plotly"} if "figures" in path.parts or path.stem == "figures" else set()
    assert not roots(path) & ({"streamlit", "pandas", "plotly", "pages", "app", "latex2mathml"} - allowed)


@pytest.mark.parametrize("path", HANDS, ids=relative)
def test_nobody_imports_a_page(path):
    pages = {f"pages.{page.stem}" for page in PAGES} | {"app"}
    assert not imports(path) & pages
    assert "plotly" not in roots(path)


@pytest.mark.parametrize("path", [*PAGES, ROOT / "app.py"], ids=relative)
def test_pages_do_no_arithmetic(path):
    tree = ast.parse(path.read_text(encoding="utf-8"))
    assert "numpy" not in roots(path)
    assert not any(isinstance(node, ast.BinOp) for node in ast.walk(tree))


@pytest.mark.parametrize("path", HANDS, ids=relative)
def test_one_file_knows_the_session_state(path):
    if path.name != "session.py":
        tree = ast.parse(path.read_text(encoding="utf-8"))
        assert not any(isinstance(n, ast.Attribute) and n.attr == "session_state" for n in ast.walk(tree))


#: What only some systems have: modules, and what is asked of others.
SOMEWHERE = {"fcntl", "grp", "msvcrt", "posix", "pwd", "resource", "termios", "winreg"}
ASKED = {"CDLL", "fork", "killpg", "sched_getaffinity", "setsid", "sysconf"}


def guarded(tree):
    """Every node that stands in a `try` or under `suppress`."""
    for node in ast.walk(tree):
        suppressed = isinstance(node, ast.With) and "suppress" in ast.unparse(node.items[0])
        if suppressed or (isinstance(node, ast.Try) and node.handlers):
            for inner in node.body:
                yield from ast.walk(inner)


@pytest.mark.parametrize("path", [*CORE, *HANDS], ids=relative)
def test_what_only_some_systems_have_is_asked_for_with_care(path):
    tree = ast.parse(path.read_text(encoding="utf-8"))
    careful = set(guarded(tree))
    for node in set(ast.walk(tree)) - careful:
        if isinstance(node, ast.Import):
            assert not SOMEWHERE & {name.name for name in node.names}
        assert not (isinstance(node, ast.ImportFrom) and node.module in SOMEWHERE)
        assert not (isinstance(node, ast.Call) and getattr(node.func, "attr", "") in ASKED)


@pytest.mark.parametrize("path", sorted((ROOT / "pages" / "ui" / "state").glob("*.py")), ids=relative)
def test_no_state_imports_a_view(path):
    views = ("pages.ui.components", "pages.ui.widgets", "pages.ui.layout", "pages.ui.server")
    assert not [name for name in imports(path) if name.startswith(views)]


def test_importing_the_core_loads_no_interface():
    code = "import sys, mlpcore; print({'streamlit', 'plotly', 'pandas'} & set(sys.modules))"
    run = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "set()"


def test_the_top_level_holds_what_it_should():
    listed = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True)
    if listed.returncode:
        pytest.skip("not a git checkout")
    top = {line.split("/")[0] for line in listed.stdout.splitlines()}
    named = {"README.md", "requirements.txt", "app.py", "mlpcore", "pages", "tests", "pyproject.toml"}
    assert {name for name in top if not name.startswith(".")} <= named


def test_no_test_name_is_defined_twice_in_a_file():
    for path in TESTS:
        names = [n.name for n in ast.parse(path.read_text(encoding="utf-8")).body if isinstance(n, ast.FunctionDef)]
        assert len(names) == len(set(names)), path
