// The server in a worker: Python, the packages, and the app. A message is an array that begins with its kind.

import { loadPython } from "./loading.js";

/** @type {any} */
let host;
/** @type {Map<number, any>} */
const connections = new Map();
/** @type {any[][]} */
const early = [];

async function start() {
  const python = await loadPython(["numpy", "packages", "app"], (what, share) => postMessage(["progress", what, share]));
  postMessage(["progress", "Starting the app", 1]);
  host = await python.runPythonAsync(`
import os, sys
sys.path.insert(0, "/app")
os.chdir("/app")
from pages.browser import host
await host.start()
host
`);
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
