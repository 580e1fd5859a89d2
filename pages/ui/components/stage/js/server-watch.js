// A server that went away. Streamlit looks for it ever more seldom, so that one that is back may
// wait for seconds; here it is asked three times a second which server it is. The same one: Streamlit finds it,
// and the session is still there. Another one: the page is reloaded, with what it kept.

import { storage } from "../../shared/storage.js";
/** @import { Stage } from "./stage.js" */

const UNSENT_KEY = "mlpscope.typed";
export const RELOADED_KEY = "mlpscope.reloaded";
const POLL_INTERVAL = 300;
const RECONNECT_GRACE = 150; // for Streamlit to have found it meanwhile

/** Which server answers: a word that is new with every start, or null where none does. */
async function fetchServerStart() {
  try {
    const answer = await fetch(new URL("mlpscope-start", location.href), { cache: "no-store" });
    return answer.ok ? (await answer.json()).start : null;
  } catch {
    return null;
  }
}

function isConnected() {
  const state = document.querySelector("[data-test-connection-state]")?.getAttribute("data-test-connection-state");
  return state === undefined || state === "CONNECTED";
}

async function checkServer() {
  if (isConnected()) return;
  const now = await fetchServerStart();
  if (now === null || now === storage.serverStart) return;
  await new Promise((done) => setTimeout(done, RECONNECT_GRACE));
  if (isConnected()) return;
  sessionStorage.setItem(RELOADED_KEY, "1");
  location.reload();
}

/**
 * Begin to watch, once for a page; `stage` is whose unsent numbers are kept over a reload.
 *
 * @param {Stage} stage
 * @param {boolean} isNew whether this is another session than before
 */
export function watchServer(stage, isNew) {
  storage.stage = stage;
  if (isNew || storage.serverStart === undefined) fetchServerStart().then((start) => (storage.serverStart = start ?? storage.serverStart));
  if (storage.watching) return;
  storage.watching = true;
  addEventListener("pagehide", () => {
    const edits = storage.stage?.edits;
    if (edits && !edits.isEmpty) sessionStorage.setItem(UNSENT_KEY, JSON.stringify({ at: location.pathname, ...edits.unsent() }));
  });
  setInterval(checkServer, POLL_INTERVAL);
}

/** What was typed and not yet taken when this page was reloaded. @param {Stage} stage */
export function restoreUnsent(stage) {
  const { at, cells, pastes } = JSON.parse(sessionStorage.getItem(UNSENT_KEY) ?? "{}");
  sessionStorage.removeItem(UNSENT_KEY);
  if (at !== location.pathname) return;
  const { edits, model } = stage;
  for (const { id, index, value } of cells) if (model.matrices[id]?.editable) edits.set(id, index, value);
  for (const paste of pastes) if (model.matrices[paste.id]?.editable) edits.paste(paste);
}
