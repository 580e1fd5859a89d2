// The worker that measures one job: a Python with NumPy and the core, and nothing else to do.

import { loadPython } from "./loading.js";

onmessage = async ({ data }) => {
  const python = await loadPython(["numpy", "app"], "import pages.browser.measuring", () => {});
  const { measure } = python.pyimport("pages.browser.measuring");
  measure(data, (/** @type {Uint8Array} */ message) => postMessage(message), navigator.userAgent);
};
