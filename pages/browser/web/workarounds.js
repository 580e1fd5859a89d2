// Everything that relies on internals of Pyodide, because no public option does it. Tried on the version named here; on
// another the app works without the second.
//
// Its WebAssembly: where it cannot be loaded, Pyodide writes a warning and waits for ever.
//
// Memory: once Python has imported its modules, and before a visitor did anything, its memory is kept in the browser,
// and later visits read it in place of importing them. Pyodide's own leaves out modules of WebAssembly, as NumPy has
// (pyodide/pyodide#6418): they are loaded here, each to the place that it had.

import { loadPyodide, version } from "./pyodide.mjs";
import "./pyodide.asm.js";

const TRIED_ON = "0.27.7";
const LIBRARIES = "x-libraries";
/** Of the start that goes on: Python itself. @type {Promise<WebAssembly.Module>} */
let compiled;
/** Handles of the libraries in the memory that is read, and the place of each in the table of functions. @type {number[][]} */
let libraries = [];

const createModule = globalThis._createPyodideModule;
globalThis._createPyodideModule = async (/** @type {any} */ settings) => {
  const program = await compiled;
  const failure = new Promise((_, reject) => {
    settings.instantiateWasm = (/** @type {any} */ imports, /** @type {any} */ receive) => {
      WebAssembly.instantiate(program, imports).then((instance) => receive(instance, program)).catch(reject);
      return {};
    };
  });
  const module = /** @type {any} */ (await Promise.race([createModule(settings), failure]));
  const snapshot = settings.API.config._loadSnapshot;
  if (!snapshot) return module;
  // A library's address stands in this memory. Loading writes over its variables, and Pyodide then restores all again.
  module.HEAPU8.set(snapshot.subarray(new Uint32Array(snapshot.buffer)[1]));
  for (const [handle, place] of libraries) {
    if (module.wasmTable.length !== place || !module.__dlopen_js(handle)) throw new Error("a library would be in another place");
  }
  return module;
};
// With this name Pyodide leaves the loading to others.
Object.assign(globalThis, { WasmOffsetConverter: Object });

/**
 * Start Python and run a program that imports modules, or read what it left in memory on an earlier visit.
 *
 * @param {object} options of Pyodide
 * @param {Promise<WebAssembly.Module>} wasm its module
 * @param {string} program leaves nothing of JavaScript in variables.
 * @param {URL} key where its memory is kept
 */
export async function startPython(options, wasm, program, key) {
  compiled = wasm;
  key.search = navigator.userAgent; // what WebAssembly can do is looked up at the start
  // Without HTTPS there is no cache, and some private windows refuse one.
  const name = `mlpscope-memory ${new URL("../../", key).pathname}`;
  const cache = version === TRIED_ON && globalThis.caches ? await caches.open(name).catch(() => null) : null;
  const kept = await cache?.match(key);
  if (kept) {
    try {
      libraries = JSON.parse(kept.headers.get(LIBRARIES) ?? "");
      return await loadPyodide({ ...options, _loadSnapshot: new Uint8Array(await kept.arrayBuffer()) });
    } catch (error) {
      console.warn("The memory that was kept is of no use:", error);
    }
  }
  const python = await loadPyodide({ ...options, _makeSnapshot: cache !== null });
  python.runPython(program);
  if (cache) keep(python, cache, key).catch((error) => console.warn("The memory is not kept:", error));
  return python;
}

/**
 * @param {any} python
 * @param {Cache} cache
 * @param {URL} key
 */
async function keep(python, cache, key) {
  // Pyodide takes only those for known that it installs itself.
  for (const name of Object.keys(python.loadedPackages)) delete python.loadedPackages[name];
  const memory = python.makeMemorySnapshot();
  const { LDSO, HEAPU32 } = python._module;
  const handles = Object.keys(LDSO.loadedLibsByHandle).map(Number).filter(Boolean); // 0 is Python itself
  const found = handles.map((handle) => [handle, HEAPU32[(handle + 20) >> 2]]).sort((a, b) => a[1] - b[1]);
  await new Promise((wake) => setTimeout(wake, 3000)); // the first page is drawn before
  const folder = new URL("./", key).href;
  for (const { url } of await cache.keys()) if (!url.startsWith(folder)) await cache.delete(url);
  await cache.delete(key, { ignoreSearch: true });
  await cache.put(key, new Response(memory, { headers: { [LIBRARIES]: JSON.stringify(found) } }));
}
