// The worker that measures one job: a Python with NumPy and the core, and nothing else to do.

import { loadPython } from "./loading.js";

onmessage = async ({ data }) => {
  const python = await loadPython(["numpy", "app"], () => {});
  const measure = python.runPython(`
import sys
sys.path.insert(0, "/app")
from pages.browser.measuring import measure
measure
`);
  measure(data, (/** @type {Uint8Array} */ message) => postMessage(message));
};
