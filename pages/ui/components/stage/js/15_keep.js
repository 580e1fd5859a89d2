// What the page keeps of the work: in its address while that is short enough, else in the tab.
// The address is kept up to date without asking the server. A session that is not the one before
// (the server was restarted) is told what was here, and shown only when it has it.

const keeper = (globalThis.mlpscopeKeeper ??= { session: null, link: "", doc: null, undo: 0, redo: 0, said: 0 });
const TAB = "mlpscope";
const WRITES = 60; // in half a minute; Safari takes 100, Chromium 200
const RESTORED = "The server was restarted. What you entered was kept in this page and is back.";

/** Take in what Python says is to be kept. Returns whether the numbers that came with it may be shown. */
function keep(told, stage, post) {
  const begun = keeper.session === null;
  const anew = !begun && keeper.session !== told.session;
  const mine = begun ? fromTab(told) : keeper;
  const lacks = mine && (mine.link !== told.link || mine.doc !== told.doc);
  if ((begun || anew) && lacks && keeper.asked !== told.session) {
    keeper.asked = told.session;
    post("restore", { link: mine.link, doc: mine.doc });
    return false;
  }
  const count = begun || anew ? 0 : keeper.said;
  Object.assign(keeper, { ...told, said: told.says[0] });
  linkToAddress();
  toTab(told.doc);
  if (told.says[0] > count) stage.announce(told.says[1]);
  else if (anew || (begun && sessionStorage.getItem(RELOADED))) stage.announce(RESTORED);
  sessionStorage.removeItem(RELOADED);
  dispatchEvent(new Event(TAB));
  stage.anew = anew; // what it has not got an answer to goes out again, to the new session
  watch(stage, anew);
  return true;
}

/** At once, but in a long drag now and then: browsers bound how often an address may change. */
function linkToAddress() {
  clearTimeout(keeper.later);
  keeper.written = (keeper.written ?? []).filter((time) => Date.now() - time < 30_000);
  if (keeper.written.length >= WRITES) return void (keeper.later = setTimeout(linkToAddress, 1000));
  if (toAddress({ s: keeper.link || null })) keeper.written.push(Date.now());
}

/** Whether the address had to change for that. */
function toAddress(changes) {
  const url = new URL(location.href);
  for (const [name, value] of Object.entries(changes)) {
    if (value === null) url.searchParams.delete(name);
    else url.searchParams.set(name, value);
  }
  if (url.href === location.href) return false;
  try {
    history.replaceState(history.state, "", url);
  } catch {
    return false; // too often for this browser: the next change brings it up to date
  }
  return true;
}

function toTab(doc) {
  try {
    if (doc === null) sessionStorage.removeItem(TAB);
    else sessionStorage.setItem(TAB, doc);
  } catch {
    sessionStorage.removeItem(TAB); // full: an old state would be worse than none
  }
}

/** What this tab had before it was loaded again, where it was too long for the address. */
function fromTab(told) {
  const doc = sessionStorage.getItem(TAB);
  return doc && !new URL(location.href).searchParams.has("s") && told.says[0] === 0 ? { link: null, doc } : null;
}

/** The cell that is held, in the address: `S1:2,1`, counted from 1. */
function cellToAddress(held) {
  if (!held && !location.search.includes("cell=")) return;
  toAddress({ cell: held ? `${held.id}:${held.index.map((i) => i + 1).join()}` : null });
}

function cellFromAddress(stage) {
  const text = new URL(location.href).searchParams.get("cell") ?? "";
  const at = text.lastIndexOf(":");
  const index = text.slice(at + 1).split(",").filter(Boolean).map((i) => Number(i) - 1);
  const cell = at > 0 && stage.score.matrices[text.slice(0, at)] ? stage.cellAt(text.slice(0, at), index) : null;
  return cell?.mlp && cell.mlp.index.length === index.length ? cell : null;
}
