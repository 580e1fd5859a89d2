// A server that went away. Streamlit looks for it again ever more seldom, so that one that is back may
// wait for seconds; here it is asked three times a second which server it is. The same one: Streamlit finds it,
// and the session is still there. Another one: the page is loaded anew, with what it kept.

const TYPED = "mlpscope.typed";
const RELOADED = "mlpscope.reloaded";
const EVERY = 300;
const GRACE = 150; // for Streamlit to have found it meanwhile

/** Which server answers: a word that is new with every start, or null where none does. */
async function whichServer() {
  try {
    const answer = await fetch(new URL("mlpscope-start", location.href), { cache: "no-store" });
    return answer.ok ? (await answer.json()).start : null;
  } catch {
    return null;
  }
}

function connected() {
  const state = document.querySelector("[data-test-connection-state]")?.getAttribute("data-test-connection-state");
  return state === undefined || state === "CONNECTED";
}

async function look() {
  if (connected()) return;
  const now = await whichServer();
  if (now === null || now === keeper.start) return;
  await new Promise((done) => setTimeout(done, GRACE));
  if (connected()) return;
  sessionStorage.setItem(RELOADED, "1");
  location.reload();
}

/** Begin to watch, once for a page; `stage` is whose unsent numbers are kept over a reload. */
function watch(stage, anew) {
  keeper.stage = stage;
  if (anew || keeper.start === undefined) whichServer().then((start) => (keeper.start = start ?? keeper.start));
  if (keeper.watching) return;
  keeper.watching = true;
  addEventListener("pagehide", () => {
    const cells = [...keeper.stage.edits.overlay.values()].map(({ id, index, value }) => [id, index, value]);
    if (cells.length) sessionStorage.setItem(TYPED, JSON.stringify({ at: location.pathname, cells }));
  });
  setInterval(look, EVERY);
}

/** What was typed and not yet taken when this page was loaded anew. */
function retype(stage) {
  const { at, cells } = JSON.parse(sessionStorage.getItem(TYPED) ?? "{}");
  sessionStorage.removeItem(TYPED);
  if (at !== location.pathname) return;
  for (const [id, index, value] of cells) if (stage.score.matrices[id]?.editable) stage.edits.set(id, index, value);
}
