// What the page keeps of the work: in its address while that is short enough, else in the tab.
// The address is kept up to date without asking the server. A session that is not the one before
// (the server was restarted) is sent what was here, and shown only when it has it.

import { CHANGED, storage } from "../../shared/storage.js";
import { updateAddress } from "./address.js";
import { RELOADED_KEY, watchServer } from "./server-watch.js";
/** @import { Stage } from "./stage.js" */

const STATE_KEY = "mlpscope";
const MAX_WRITES = 60; // in half a minute; Safari takes 100, Chromium 200
const RESTORED = "The server was restarted. What you entered was kept in this page and is back.";

/**
 * Take in what Python says is to be kept. Returns whether the numbers that came with it may be shown.
 *
 * @param {Kept} sent
 * @param {Stage} stage
 * @param {Post} post
 */
export function syncStorage(sent, stage, post) {
  const isFirst = storage.session === null;
  const isNew = !isFirst && storage.session !== sent.session;
  const local = isFirst ? readTab(sent) : storage;
  const differs = local && (local.link !== sent.link || local.doc !== sent.doc);
  if ((isFirst || isNew) && differs && storage.restoredTo !== sent.session) {
    storage.restoredTo = sent.session;
    post("restore", { link: local.link, doc: local.doc });
    return false;
  }
  const { says, ...state } = sent;
  const [messages, message] = says;
  const known = isFirst || isNew ? 0 : storage.messages;
  Object.assign(storage, state, { messages });
  writeLink();
  writeTab(sent.doc);
  if (messages > known) stage.showToast(message);
  else if (isNew || (isFirst && sessionStorage.getItem(RELOADED_KEY))) stage.showToast(RESTORED);
  sessionStorage.removeItem(RELOADED_KEY);
  dispatchEvent(new Event(CHANGED));
  stage.sessionIsNew = isNew; // what it has not got an answer to goes out again, to the new session
  watchServer(stage, isNew);
  return true;
}

/** At once, but in a long drag now and then: browsers bound how often an address may change. */
function writeLink() {
  clearTimeout(storage.writeTimer);
  storage.writes = (storage.writes ?? []).filter((time) => Date.now() - time < 30_000);
  if (storage.writes.length >= MAX_WRITES) return void (storage.writeTimer = setTimeout(writeLink, 1000));
  if (updateAddress({ s: storage.link || null })) storage.writes.push(Date.now());
}

/** @param {string | null} doc */
function writeTab(doc) {
  try {
    if (doc === null) sessionStorage.removeItem(STATE_KEY);
    else sessionStorage.setItem(STATE_KEY, doc);
  } catch {
    sessionStorage.removeItem(STATE_KEY); // full: an old state would be worse than none
  }
}

/** What this tab had before it was loaded again, where it was too long for the address. @param {Kept} sent */
function readTab(sent) {
  const doc = sessionStorage.getItem(STATE_KEY);
  return doc && !new URL(location.href).searchParams.has("s") && sent.says[0] === 0 ? { link: null, doc } : null;
}
