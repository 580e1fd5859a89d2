// Compile the Python files of a folder with the very Python that will run them, in Node. Sources of modules go, those
// of the app's pages stay: Streamlit reads them.
//
//     node compile.mjs PYODIDE FOLDER LEVEL    where level 2 leaves docstrings out
import { pathToFileURL } from "node:url";

const [core, folder, level] = process.argv.slice(2);
const { loadPyodide } = await import(pathToFileURL(`${core}/pyodide.mjs`).href);
// A fixed seed, so that sets among the constants are written in the same order each time.
const python = await loadPyodide({ indexURL: core, env: { HOME: "/", PYTHONHASHSEED: "0" } });
python.mountNodeFS("/tree", folder);
python.runPython(`
import py_compile
from pathlib import Path
from re import fullmatch

for source in sorted(Path("/tree").rglob("*.py")):
    place = "/" + source.relative_to("/tree").as_posix()
    if fullmatch("/app/(pages/)?[^/]+", place):
        continue
    py_compile.compile(source, f"{source}c", place, True, ${level}, py_compile.PycInvalidationMode.UNCHECKED_HASH)
    source.unlink()
`);
