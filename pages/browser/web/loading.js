// Load Python with archives in its file system, for a worker.

const here = new URL("./", import.meta.url);

/**
 * Do something with the answer for a file of this folder.
 *
 * @template T
 * @param {string} name
 * @param {(response: Response) => Promise<T>} use
 */
async function load(name, use) {
  try {
    const url = new URL(name, here);
    // The folder is named by a hash of its files, so that no host need be asked again. What the browser's own cache has
    // forgotten, the service worker's has.
    const response = await fetch(url, { cache: "force-cache" }).catch(async (error) => (await globalThis.caches?.match(url).catch(() => null)) ?? Promise.reject(error));
    if (!response.ok) throw new Error(`the host answers ${response.status}`);
    return await use(response);
  } catch (error) {
    throw new Error(`${name} could not be loaded: ${error instanceof Error ? error.message : error}`);
  }
}

/** From the answer itself, so that the browser may keep what it compiles; some hosts give it another type. @param {Response} response */
async function compile(response) {
  if (response.headers.get("content-type") === "application/wasm") return WebAssembly.compileStreaming(response);
  return WebAssembly.compile(await response.arrayBuffer());
}

/**
 * Write the files of a tar archive (ustar) to Python's file system.
 *
 * @param {any} FS
 * @param {Uint8Array} tar
 */
function unpack(FS, tar) {
  const read = (/** @type {number} */ start, /** @type {number} */ length) => new TextDecoder().decode(tar.subarray(start, start + length)).split("\0")[0];
  let folder = "";
  for (let at = 0; tar[at]; ) {
    const [name, size, prefix] = [read(at, 100), parseInt(read(at + 124, 12), 8), read(at + 345, 155)];
    const path = `/${prefix}/${name}`;
    const parent = path.slice(0, path.lastIndexOf("/"));
    if (parent !== folder) FS.mkdirTree((folder = parent));
    FS.writeFile(path, tar.subarray(at + 512, at + 512 + size), { canOwn: true });
    at += 512 * (1 + Math.ceil(size / 512));
  }
}

/**
 * Give a Python with the files of these archives that has run a program, which imports modules.
 *
 * @param {string[]} names
 * @param {string} program
 * @param {(what: string, share: number) => void} show is called with what is going on, and its share of all loading.
 */
export async function loadPython(names, program, show) {
  const wasm = load("pyodide.asm.wasm", compile);
  const files = ["python", ...names].map((name) => `${name}.bin`);
  let [loaded, total] = [0, 0];
  const count = (/** @type {number} */ bytes) => {
    loaded += bytes;
    if (!total) return;
    const part = `${(loaded / 1e6).toFixed(1)} of ${(total / 1e6).toFixed(1)} MB`;
    show(loaded < total ? `Loading Python and packages: ${part}` : "Starting Python", loaded / total);
  };
  const counter = () => new TransformStream({ transform: (part, next) => (count(part.length), next.enqueue(part)) });
  // All at once, so that a file that cannot be loaded is known at once.
  const archives = files.map((name) =>
    load(name, (response) => {
      const counted = /** @type {ReadableStream} */ (response.body).pipeThrough(counter());
      return new Response(counted.pipeThrough(new DecompressionStream("gzip"))).arrayBuffer();
    }),
  );
  const contents = Promise.all(archives);
  const starting = import("./workarounds.js");
  const sizes = await load("sizes.json", (response) => response.json());
  total = files.reduce((sum, name) => sum + sizes[name], 0);
  count(0); // all may be there by now
  const { startPython } = await starting;
  const options = {
    indexURL: here.href,
    stdLibURL: URL.createObjectURL(new Blob()), // it is among the archives, compiled
    env: { HOME: "/home/pyodide", PYTHONPATH: "/app" },
    fsInit: (/** @type {any} */ FS) => contents.then((found) => found.forEach((tar) => unpack(FS, new Uint8Array(tar))), () => {}), // it is thrown below
  };
  const key = new URL(`memory-${names.join("-")}`, here);
  const [python] = await Promise.all([startPython(options, wasm, program, key), contents]);
  python.FS.chdir("/app");
  return python;
}
