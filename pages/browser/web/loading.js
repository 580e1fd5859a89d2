// Load Pyodide and unpack archives into it, for a worker.

import { loadPyodide } from "./pyodide.mjs";

const here = new URL("./", import.meta.url);

/**
 * Fetch a file of this folder.
 *
 * @param {string} name
 * @param {(bytes: number) => void} [count] is called with the number of bytes whenever some arrive.
 */
async function download(name, count) {
  try {
    const response = await fetch(new URL(name, here));
    if (!response.ok || !response.body) throw new Error(`the host answers ${response.status}`);
    const reader = response.body.getReader();
    const parts = [];
    for (let part = await reader.read(); !part.done; part = await reader.read()) {
      parts.push(part.value);
      count?.(part.value.length);
    }
    return await new Blob(parts).arrayBuffer();
  } catch (error) {
    throw new Error(`${name} could not be loaded: ${error instanceof Error ? error.message : error}`);
  }
}

/**
 * Give a Python with the files of these archives.
 *
 * @param {string[]} names
 * @param {(what: string, share: number) => void} show is called with what is going on, and its share of all loading.
 */
export async function loadPython(names, show) {
  const sizes = JSON.parse(new TextDecoder().decode(await download("sizes.json")));
  const files = ["python_stdlib.zip", ...names.map((name) => `${name}.zip`)];
  const total = files.reduce((sum, name) => sum + sizes[name], 0);
  let loaded = 0;
  const count = (/** @type {number} */ bytes) => {
    loaded += bytes;
    const part = `${(loaded / 1e6).toFixed(1)} of ${(total / 1e6).toFixed(1)} MB`;
    show(loaded < total ? `Loading Python and packages: ${part}` : "Starting Python", loaded / total);
  };
  const [library, ...archives] = files.map((name) => download(name, count));
  /** Its own files Pyodide fetches itself: so the browser may keep the compiled WebAssembly. @param {ArrayBuffer} bytes */
  const start = (bytes) =>
    loadPyodide({
      indexURL: here.href,
      stdLibURL: URL.createObjectURL(new Blob([bytes])),
      env: { HOME: "/home/pyodide" },
    });
  // All at once, so that a file that cannot be loaded is known at once.
  const [python, ...contents] = await Promise.all([library.then(start), ...archives]);
  for (const content of contents) python.unpackArchive(content, "zip", { extractDir: "/" });
  return python;
}
