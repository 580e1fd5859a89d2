"""Build the site: a folder of files for any static host, or a stick.

    index.html, Step_through/ ...  Streamlit's page, once for each of ours
    static/, mlpscope-assets/      Streamlit's front end; the scripts and styles of our components
    run/HASH/                      Pyodide and what it runs, with the scripts that stand in for the network
    service-worker.js              keeps all of it in the browser
    LICENSES.txt                   of everything in it

The same inputs give the same bytes.
"""

from __future__ import annotations

import gzip
import html
import json
import re
import shutil
import subprocess
import tarfile
import tempfile
import zipfile
from collections.abc import Callable, Iterator
from email.parser import HeaderParser
from hashlib import sha256
from io import BytesIO
from pathlib import Path

from pages.browser.inputs import PYODIDE, REQUIREMENTS, InputError, Inputs
from pages.ui.server import assets
from pages.ui.server.middleware import CONTENT_SECURITY_POLICY

ROOT = Path(__file__).parents[2]
WEB = Path(__file__).with_name("web")
LIBRARY = "lib/python3.12"
SITE_PACKAGES = f"{LIBRARY}/site-packages"

#: What is left out of packages: tests, types, what no page of ours imports. `tests/browser/test_site.py` goes to all.
_UNUSED = re.compile(
    r"(^|/)tests?/|\.(pyi|so)$|\.data/|\.dist-info/(?!METADATA)"
    r"|^streamlit/(static|hello|testing|\.agents)/"
    r"|^plotly/(labextension|matplotlylib|package_data|express|figure_factory|data)/"
    # Of Plotly's objects stay those that its templates and the smallest figure name.
    r"|^plotly/graph_objs/(?!_?(deprecations|figure|layout|candlestick|contour|contourcarpet|heatmap|histogram2d|icicle"
    r"|sankey|scatter|table|waterfall)(\.py|/)|__init__)"
    r"|^plotly/graph_objs/layout/(?!__init__|_coloraxis|_colorscale|_?template)"
    r"|^narwhals/_(spark_like|polars|duckdb|ibis|dask|sql)/"
)
#: The same of NumPy, whose compiled modules stay.
_UNUSED_NUMPY = re.compile(r"(^|/)tests?/|\.pyi$|\.dist-info/(?!METADATA)|^numpy/(f2py|distutils)/|\.(a|h|c|pxd|pyx)$")
#: Elements of Streamlit that no page of ours draws, as its scripts are named: they are heavy, and so is what they load.
_UNUSED_ELEMENTS = (
    "ArrowVegaLiteChart", "Audio", "AudioInput", "Balloons", "CameraInput", "DataFrame", "DeckGlJsonChart",
    "EChartsChart", "GraphVizChart", "ImageList", "MermaidChart", "ReadOnlyGrid", "Snow", "Video",
)  # fmt: skip
#: Elements of the first page, whose scripts are fetched while Python starts.
_FIRST_ELEMENTS = ("BidiComponent", "Button", "Html", "NumberInput", "PageLink", "Selectbox")
_MEDIA_UNUSED = re.compile(r"\.(gif|png)$|SourceSerif|MaterialSymbols-Outlined")

_LICENSE_NOTES = f"""\
MLPScope without a server: what this folder is made of, and its licences.

Pyodide {PYODIDE} (run/*/pyodide*): Mozilla Public License 2.0, below.
Its source: https://github.com/pyodide/pyodide/tree/{PYODIDE}.
CPython 3.12 and its standard library, in Pyodide: https://docs.python.org/3.12/license.html.
"""


def build(out: Path, inputs: Inputs, cache: Path) -> None:
    """Build the site in a folder, which is replaced.

    Args:
        cache: a folder for compiled packages, which change with the inputs only.

    Raises:
        InputError: Node is missing or failed, or `out` is a folder that is no site.
    """
    if out.exists() and any(out.iterdir()) and not (out / "service-worker.js").exists():
        raise InputError(f"{out} holds something else than a site; choose an empty folder")
    shutil.rmtree(out, ignore_errors=True)
    with tempfile.TemporaryDirectory() as temporary:
        run = Path(temporary) / "run"
        run.mkdir()
        for name, path in inputs.core.items():
            if path != inputs.library:
                shutil.copyfile(path, run / name)
        for name, archive in _make_archives(inputs, cache).items():
            (run / f"{name}.bin").write_bytes(archive)  # by no name from which a host would guess a coding
        for script in sorted(WEB.glob("*.js")):
            shutil.copyfile(script, run / script.name)
        (run / "service-worker.js").unlink()
        sizes = {path.name: path.stat().st_size for path in sorted(run.iterdir())}
        # Fetched by the page, which so can show how much there is to come whatever a host says of it.
        (run / "sizes.json").write_text(json.dumps(sizes), encoding="utf-8")
        version = hash_files(run)
        shutil.copytree(run, out / "run" / version)
    with zipfile.ZipFile(_find(inputs, "streamlit")) as streamlit:
        _write_front_end(out, streamlit)
        _write_pages(out, streamlit.read("streamlit/static/index.html").decode(), version)
    for name, text in assets.FILES.items():
        _write(out / "mlpscope-assets" / assets.HASH / name, text)
    # What Streamlit's page asks its server for at the start.
    _write(out / "_stcore/health", "ok")
    _write(out / "_stcore/host-config", json.dumps(HOST_CONFIG))
    _write(out / ".nojekyll", "")  # GitHub leaves out folders with an underscore else
    _write(out / "LICENSES.txt", _list_licenses(inputs))
    _write_service_worker(out)


HOST_CONFIG = {
    "allowedOrigins": [], "useExternalAuthToken": False, "enableCustomParentMessages": False,
    "enforceDownloadInNewTab": False, "metricsUrl": "", "blockErrorDialogs": False, "resourceCrossOriginMode": None,
}  # fmt: skip


def hash_files(folder: Path) -> str:
    """Return a hash of the names and contents of all files in a folder."""
    digest = sha256()
    for path in sorted(path for path in folder.rglob("*") if path.is_file()):
        digest.update(path.relative_to(folder).as_posix().encode() + b"\0" + sha256(path.read_bytes()).digest())
    return digest.hexdigest()[:16]


def _find(inputs: Inputs, package: str) -> Path:
    return next(wheel for wheel in inputs.wheels if wheel.name.startswith(f"{package}-"))


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(text.encode())


# --- Python ---------------------------------------------------------------------------------------


def _make_archives(inputs: Inputs, cache: Path) -> dict[str, bytes]:
    """Return the standard library, NumPy, the other packages and the app as archives of compiled modules."""

    def unpack(zips: list[Path], where: str, unused: re.Pattern[str]) -> Callable[[Path], None]:
        def fill(folder: Path) -> None:
            for path in zips:
                with zipfile.ZipFile(path) as archive:
                    names = [name for name in archive.namelist() if not unused.search(name)]
                    archive.extractall(folder / where, names)

        return fill

    # The rules of what is left out stand in this file.
    key = sha256(b"".join(path.read_bytes() for path in (Path(__file__), REQUIREMENTS, WEB / "compile.mjs")))
    found = {}
    # NumPy adds to its docstrings when it is imported, and cannot do without.
    for name, zips, where, unused, strip in (
        ("python", [inputs.library], LIBRARY, _UNUSED, True),
        ("numpy", [inputs.numpy], SITE_PACKAGES, _UNUSED_NUMPY, False),
        ("packages", inputs.wheels, SITE_PACKAGES, _UNUSED, True),
    ):
        cached = cache / f"{name}-{key.hexdigest()[:16]}.bin"
        if not cached.exists():
            for older in cache.glob(f"{name}-*.bin"):
                older.unlink(missing_ok=True)
            with tempfile.NamedTemporaryFile(dir=cache, delete=False) as new:  # another build may run beside this one
                new.write(_compile(inputs, unpack(zips, where, unused), strip))
            Path(new.name).replace(cached)
        found[name] = cached.read_bytes()
    return found | {"app": _compile(inputs, _copy_app)}


def _copy_app(folder: Path) -> None:
    for path in sorted(list_app_files()):
        target = folder / "app" / path.relative_to(ROOT)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, target)
    _write(folder / "home/pyodide/.streamlit/config.toml", _CONFIG)


#: What differs from the server's configuration: there is no other site to forge requests, and no cookie; and Streamlit
#: warns of threads that it would start.
_CONFIG = """\
[server]
enableXsrfProtection = false
[logger]
level = "error"
"""


def list_app_files() -> Iterator[Path]:
    """List the files of the app that run in the browser."""
    yield ROOT / "app.py"
    yield ROOT / ".streamlit/config.toml"
    for folder in ("pages", "mlpcore"):
        for path in (ROOT / folder).rglob("*"):
            if path.suffix in (".py", ".js", ".css") and WEB not in path.parents:
                yield path


def _compile(inputs: Inputs, fill: Callable[[Path], None], strip: bool = False) -> bytes:
    """Return a folder as a compressed tar archive, once `fill` has filled it and its modules are compiled.

    Args:
        strip: leave out docstrings, a third of what packages weigh.

    Raises:
        InputError: Node is missing, or a module cannot be compiled.
    """
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        fill(folder)
        node = shutil.which("node")
        if node is None:
            raise InputError("Node 18 or later is needed to compile the modules, and there is none on the path")
        core = inputs.core["pyodide.mjs"].parent
        run = subprocess.run([node, WEB / "compile.mjs", core, folder, str(2 * strip)], capture_output=True, text=True)
        if run.returncode:
            raise InputError(f"the modules could not be compiled: {(run.stdout + run.stderr)[-2000:]}")
        content = BytesIO()
        with tarfile.open(fileobj=content, mode="w", format=tarfile.USTAR_FORMAT) as archive:
            for path in sorted(path for path in folder.rglob("*") if path.is_file()):
                entry = tarfile.TarInfo(path.relative_to(folder).as_posix())
                entry.size = path.stat().st_size
                with path.open("rb") as file:
                    archive.addfile(entry, file)
        return gzip.compress(content.getvalue(), mtime=0)


# --- pages and scripts ----------------------------------------------------------------------------


def _write_front_end(out: Path, streamlit: zipfile.ZipFile) -> None:
    """Write Streamlit's front end but for elements that are not drawn."""
    prefix = "streamlit/static/"
    names = [name for name in streamlit.namelist() if name.startswith(prefix) and not name.endswith("/")]
    scripts = {name.rsplit("/", 1)[1]: streamlit.read(name).decode() for name in names if name.endswith(".js")}
    page = streamlit.read(f"{prefix}index.html").decode()
    used = _follow_imports(scripts, {name for name in scripts if f"/{name}" in page})
    for name in names:
        file = name.rsplit("/", 1)[1]
        if file in ("index.html", "manifest.json") or (_MEDIA_UNUSED.search(file) and "favicon" not in file):
            continue
        if file.endswith(".js") and file not in used:
            continue
        path = out / name.removeprefix(prefix)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(streamlit.read(name))


def _follow_imports(scripts: dict[str, str], new: set[str], later: str = r"\(?") -> set[str]:
    """Return these scripts and what they import, directly or not, without `_UNUSED_ELEMENTS`.

    Args:
        later: matches the parenthesis of an import that is done later; empty to leave such imports out.
    """
    used: set[str] = set()
    while new:
        used |= new
        pattern = rf"""(?:from|import)\s*{later}["'`]\./([^"'`]+)"""
        imported = {found for name in new for found in re.findall(pattern, scripts[name])}
        new = {name for name in imported & set(scripts) - used if name.split(".")[0] not in _UNUSED_ELEMENTS}
    return used


def _write_pages(out: Path, template: str, version: str) -> None:
    """Write Streamlit's page once for each page of ours, in a folder of its name."""
    policy = CONTENT_SECURITY_POLICY.replace(" ws: wss:", "")
    folders = [re.sub(r"^\d+_", "", path.stem) + "/" for path in sorted((ROOT / "pages").glob("*.py"))]
    scripts = {path.name: path.read_text(encoding="utf-8") for path in out.glob("static/js/*.js")}
    first = _follow_imports(scripts, {name for name in scripts if name.split(".")[0] in _FIRST_ELEMENTS}, later="")
    early = [f"static/js/{name}" for name in sorted(first) if f"/{name}" not in template]
    early += [f"mlpscope-assets/{assets.HASH}/{name}" for name in assets.FILES if name.endswith(".js")]
    for folder in ("", *folders):
        up = "../" if folder else "./"
        page = re.sub(r"<!--(?! init).*?-->\s*", "", template, flags=re.DOTALL).replace('"./', f'"{up}')
        page = re.sub(r'\s*<link rel="service-desc"[^>]*>', "", page)
        page = re.sub(r"<noscript>.*?</noscript>", _NO_SCRIPT, page, flags=re.DOTALL)
        head = f"""<meta charset="UTF-8" />
    <meta http-equiv="Content-Security-Policy" content="{html.escape(policy, quote=True).replace("&#x27;", "'")}" />
    <meta name="referrer" content="same-origin" />
    <script src="{up}run/{version}/page.js"></script>"""
        page = page.replace('<meta charset="UTF-8" />', head, 1)
        links = [f'<link rel="modulepreload" fetchpriority="low" href="{up}{name}">' for name in early]
        page = page.replace("</head>", "\n".join([*links, "</head>"]), 1)
        _write(out / folder / "index.html", page.replace("<title>Streamlit</title>", "<title>MLPScope</title>"))


_NO_SCRIPT = "<noscript><p>MLPScope runs in your browser, and needs JavaScript and WebAssembly.</p></noscript>"


def _write_service_worker(out: Path) -> None:
    # Without `.nojekyll`: some hosts give out no file that begins with a dot, and one that is missing would end it all.
    files = [path.relative_to(out).as_posix() for path in sorted(out.rglob("[!.]*")) if path.is_file()]
    head = f"const VERSION = {json.dumps(hash_files(out))};\nconst FILES = {json.dumps(files)};\n"
    _write(out / "service-worker.js", head + (WEB / "service-worker.js").read_text(encoding="utf-8"))


# --- licences -------------------------------------------------------------------------------------


def _list_licenses(inputs: Inputs) -> str:
    parts = [_LICENSE_NOTES]
    for wheel in [inputs.numpy, *inputs.wheels]:
        with zipfile.ZipFile(wheel) as archive:
            names = sorted(archive.namelist())
            meta = HeaderParser().parsestr(
                archive.read(next(n for n in names if n.endswith(".dist-info/METADATA"))).decode()
            )
            named = meta.get("License-Expression") or meta.get("License") or ""
            # In an older wheel the field may hold the whole text.
            short = named if len(named.splitlines()) == 1 else "see below"
            parts.append(f"{meta['Name']} {meta['Version']}: {short}\n")
            texts = [n for n in names if ".dist-info/" in n and re.search(r"(?i)licen[cs]e|copying|notice", n)]
            parts += [archive.read(name).decode(errors="replace") for name in texts]
    mozilla = WEB.parent / "MPL-2.0.txt"
    return ("\n" + "-" * 100 + "\n").join([*parts, mozilla.read_text(encoding="utf-8")])
