// The server in a worker: Python, the packages, and the app. A message is an array that begins with its kind.

import { loadPython } from "./loading.js";

/** @type {any} */
let host;
/** @type {Map<number, any>} */
const connections = new Map();
/** @type {any[][]} */
const early = [];

/** Open a worker that measures a job, and hand on what it sends. @param {Uint8Array} job @param {any} listen */
function openMeasuring(job, listen) {
  const measuring = new Worker(new URL("measuring.js", import.meta.url), { type: "module" });
  measuring.onmessage = ({ data }) => listen(data);
  measuring.postMessage(job);
  return measuring;
}

async function start() {
  // What imports leave is no garbage: looking for it takes a sixth of their time.
  const program = "import gc, os; gc.disable(); os.chdir('/app'); import pages.browser.host; gc.enable()";
  const python = await loadPython(["numpy", "packages", "app"], program, (what, share) => postMessage(["progress", what, share]));
  postMessage(["progress", "Starting the app", 1]);
  const found = python.pyimport("pages.browser.host");
  await found.start((/** @type {any[]} */ message) => postMessage(message), openMeasuring);
  host = found;
  postMessage(["ready"]);
  for (const message of early.splice(0)) receive(message);
}

/** @param {any[]} message */
function receive([kind, number, ...rest]) {
  if (!host) early.push([kind, number, ...rest]);
  else if (kind === "open") connections.set(number, host.Connection(number, ...rest));
  else if (kind === "send") connections.get(number)?.receive(...rest);
  else if (kind === "close") {
    connections.get(number)?.close();
    connections.delete(number);
  } else if (kind === "request") {
    host.answer(...rest).then(
      (/** @type {any[]} */ answer) => postMessage(["answer", number, ...answer]),
      (/** @type {Error} */ error) => postMessage(["answer", number, 500, "[]", new TextEncoder().encode(error.message)]),
    );
  }
}

onmessage = ({ data }) => receive(data);
start().catch((error) => {
  console.error(error);
  postMessage(["failed", String(error.message ?? error).trim().split("\n").at(-1)]); // of Python's traceback the last line
});
