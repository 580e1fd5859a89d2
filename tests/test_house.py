"""The doors between the rooms: what may import what; the contracts of import-linter are checked by `.ci/lint`."""

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
CORE = sorted((ROOT / "mlpcore").rglob("*.py"))
APP = [ROOT / "app.py", *sorted((ROOT / "pages").rglob("*.py"))]
PAGES = sorted((ROOT / "pages").glob("*.py"))
TESTS = sorted((ROOT / "tests").rglob("*.py"))
#: The one file that may use internals of streamlit, starlette, uvicorn and plotly.
WORKAROUNDS = ROOT / "pages" / "ui" / "server" / "workarounds.py"


def list_imports(path):
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {name.name for name in node.names}
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            found |= {node.module, *(f"{node.module}.{name.name}" for name in node.names)}
    return found


def list_roots(path):
    return {name.split(".")[0] for name in list_imports(path)}


def name_relative(path):
    return str(path.relative_to(ROOT))


@pytest.mark.parametrize("path", APP, ids=name_relative)
def test_no_module_imports_a_page(path):
    pages = {f"pages.{page.stem}" for page in PAGES} | {"app"}
    assert not list_imports(path) & pages
    assert "plotly" not in list_roots(path)


@pytest.mark.parametrize("path", [*PAGES, ROOT / "app.py"], ids=name_relative)
def test_pages_do_no_arithmetic(path):
    tree = ast.parse(path.read_text(encoding="utf-8"))
    assert "numpy" not in list_roots(path)
    assert not any(isinstance(node, ast.BinOp) for node in ast.walk(tree))


@pytest.mark.parametrize("path", APP, ids=name_relative)
def test_one_file_uses_the_session_state(path):
    if path.name != "session.py" and path != WORKAROUNDS:  # which empties it after an error
        tree = ast.parse(path.read_text(encoding="utf-8"))
        assert not any(isinstance(n, ast.Attribute) and n.attr == "session_state" for n in ast.walk(tree))


#: What only some systems have: modules, and what is asked of others.
SYSTEM_MODULES = {"fcntl", "grp", "msvcrt", "posix", "pwd", "resource", "termios", "winreg"}
SYSTEM_CALLS = {"CDLL", "fork", "killpg", "sched_getaffinity", "setsid", "sysconf"}


def find_guarded(tree):
    """Every node that stands in a `try` or under `suppress`."""
    for node in ast.walk(tree):
        suppressed = isinstance(node, ast.With) and "suppress" in ast.unparse(node.items[0])
        if suppressed or (isinstance(node, ast.Try) and node.handlers):
            for inner in node.body:
                yield from ast.walk(inner)


@pytest.mark.parametrize("path", [*CORE, *APP], ids=name_relative)
def test_what_only_some_systems_have_is_imported_and_called_under_a_guard(path):
    tree = ast.parse(path.read_text(encoding="utf-8"))
    in_guard = set(find_guarded(tree))
    for node in set(ast.walk(tree)) - in_guard:
        if isinstance(node, ast.Import):
            assert not SYSTEM_MODULES & {name.name for name in node.names}
        assert not (isinstance(node, ast.ImportFrom) and node.module in SYSTEM_MODULES)
        assert not (isinstance(node, ast.Call) and getattr(node.func, "attr", "") in SYSTEM_CALLS)


SCRIPTS = sorted((ROOT / "pages").rglob("*.js"))


def is_private(name):
    return isinstance(name, str) and re.fullmatch(r"_[^\W_]\w*", name) is not None


def list_own_names(tree):
    """Names of the attributes and methods of the classes in a file."""
    for node in ast.walk(tree):
        if isinstance(node, ast.ClassDef):
            for inner in ast.walk(node):
                if isinstance(inner, ast.FunctionDef | ast.AsyncFunctionDef):
                    yield inner.name
                elif isinstance(inner, ast.Attribute) and is_self(inner.value):
                    yield inner.attr
                elif isinstance(inner, ast.AnnAssign) and isinstance(inner.target, ast.Name):
                    yield inner.target.id


def is_self(node):
    return isinstance(node, ast.Name) and node.id in ("self", "cls")


REACHING = ("getattr", "setattr", "hasattr", "delattr")


def list_private_uses(tree):
    """Private attributes of anything but `self`, however they are reached, and private names that are imported."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and not is_self(node.value) and is_private(node.attr):
            yield node.attr
        elif isinstance(node, ast.Call) and getattr(node.func, "id", "") in REACHING:
            words = (word.value for word in node.args[1:2] if isinstance(word, ast.Constant))
            yield from filter(is_private, words)
        elif isinstance(node, ast.ImportFrom):
            parts = [*(node.module or "").split("."), *(name.name for name in node.names)]
            yield from filter(is_private, parts if parts[0] not in ("mlpcore", "pages") else ())
        elif isinstance(node, ast.Import):
            yield from (part for name in node.names for part in name.name.split(".") if is_private(part))


#: Documented, and named like this only so as not to be taken for a field of a named tuple, or for a quiet `exit`.
PUBLIC = {"_replace", "_asdict", "_fields", "_make", "_exit"}


def foreign_private_names(path):
    tree = ast.parse(path.read_text(encoding="utf-8"))
    return set(list_private_uses(tree)) - set(list_own_names(tree)) - PUBLIC


def test_only_the_workarounds_use_private_names_of_a_dependency():
    assert [path for path in [*CORE, *APP] if foreign_private_names(path)] == [WORKAROUNDS]


@pytest.mark.parametrize(
    "code",
    ["a._b", "a.c()._b = 1", "getattr(a, '_b')", "from a import _b", "import a._b", "from a._b import c", "del a._b"],
)
def test_a_private_name_is_found_however_it_is_used(code):
    assert set(list_private_uses(ast.parse(code))) == {"_b"}


#: After a point or in brackets, but not after `this`; or taken apart: `const { _b } = a`.
PRIVATE_IN_SCRIPT = re.compile(r"""(?<!\bthis)(?:\?\.|\.|\[["'])_[a-zA-Z]\w*|[{,]\s*_[a-zA-Z]\w*[^{}]*\}\s*=""")


def test_one_script_uses_private_names_of_a_dependency():
    found = [path for path in SCRIPTS if PRIVATE_IN_SCRIPT.search(path.read_text(encoding="utf-8"))]
    assert found == [ROOT / "pages/browser/web/workarounds.js"]


@pytest.mark.parametrize(
    "code", ["a._b", "this.a._b", "a()?._b", "a['_b']", "const { c, _b } = a;", "const {_b: c} = a"]
)
def test_a_private_name_in_a_script_is_found_however_it_is_used(code):
    assert PRIVATE_IN_SCRIPT.search(code)
    assert not PRIVATE_IN_SCRIPT.search(code.replace("_b", "b"))


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


def list_names(path):
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            yield node.name
        elif isinstance(node, ast.Import | ast.ImportFrom):
            yield from (name.asname or name.name for name in node.names)
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            yield node.id


def test_what_tests_and_tools_import_from_each_other_is_there():
    """Tools are run by hand or at night: a name that is gone would not be missed before."""
    named = {".".join(p.relative_to(ROOT).with_suffix("").parts): set(list_names(p)) for p in TESTS}
    for path in TESTS:
        for imported in list_imports(path):
            module, _, name = imported.rpartition(".")
            assert imported in named or module not in named or name in named[module], (path, imported)
