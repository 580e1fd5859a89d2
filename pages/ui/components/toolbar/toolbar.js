// Undo, redo, copy link. The stage tells what can be undone, and what the link is, by way of the window.

const keeper = (globalThis.mlpscopeKeeper ??= { session: null, link: "", doc: null, undo: 0, redo: 0, said: 0 });
const FACES = {
  undo: "M8 5 4 9l4 4M4 9h10a6 6 0 0 1 0 12h-3",
  redo: "M16 5l4 4-4 4M20 9H10a6 6 0 0 0 0 12h3",
  link: "M10 14a4 4 0 0 0 6 0l3-3a4 4 0 0 0-6-6l-1 1M14 10a4 4 0 0 0-6 0l-3 3a4 4 0 0 0 6 6l1-1",
};
const TOO_LONG = "This state is too long for a link, which holds 6,000 characters. Save it as a file instead: File, State.";

function button(name, label, action) {
  const made = document.createElement("button");
  made.type = "button";
  made.title = label;
  made.setAttribute("aria-label", label);
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  svg.setAttribute("viewBox", "0 0 24 24");
  svg.setAttribute("aria-hidden", "true");
  const path = document.createElementNS(svg.namespaceURI, "path");
  path.setAttribute("d", FACES[name]);
  svg.append(path);
  made.append(svg);
  made.onclick = action;
  return made;
}

async function toClipboard(text, near) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    const field = document.createElement("textarea");
    field.value = text;
    field.style.cssText = "position:fixed;opacity:0";
    near.append(field);
    field.select();
    const done = document.execCommand("copy");
    field.remove();
    return done;
  }
}

/** Whether keys are being typed into something: then Ctrl+Z is its own. */
function typing(event) {
  const at = event.composedPath()[0];
  if (!(at instanceof HTMLElement)) return false;
  const text = at.tagName === "INPUT" && !/^(range|radio|checkbox|button)$/.test(at.type);
  return text || at.tagName === "TEXTAREA" || at.isContentEditable;
}

const drawn = new WeakMap();

export default function ({ data, parentElement, setStateValue }) {
  dress(parentElement);
  const root = parentElement.querySelector(".tools");
  const ask = (what) => setStateValue("do", { what, at: Date.now(), session: keeper.session });
  if (!drawn.has(root)) {
    const told = document.createElement("div");
    told.className = "told";
    told.setAttribute("role", "status");
    const say = (text, time) => {
      told.textContent = text;
      clearTimeout(told.timer);
      told.timer = setTimeout(() => (told.textContent = ""), time);
    };
    const copy = async () => {
      if (keeper.doc !== null) return say(TOO_LONG, 8000);
      const url = new URL(location.href);
      if (keeper.link) url.searchParams.set("s", keeper.link);
      const done = await toClipboard(url.href, root);
      say(done ? "Link copied." : "This browser lets no page write to the clipboard; the address bar holds the link.", done ? 2500 : 8000);
    };
    const parts = {
      undo: button("undo", "Undo (Ctrl+Z)", () => parts.ask("undo")),
      redo: button("redo", "Redo (Ctrl+Shift+Z)", () => parts.ask("redo")),
      link: button("link", "Copy link", copy),
    };
    root.replaceChildren(parts.undo, parts.redo, parts.link, told);
    drawn.set(root, parts);
  }
  const parts = drawn.get(root);
  parts.ask = ask;
  // The stage may not be there yet; what Python said in this run is no older than what the stage knows.
  if (keeper.session === null || keeper.session === data[0].session) Object.assign(keeper, { undo: data[0].undo, redo: data[0].redo });
  const refresh = () => {
    parts.undo.disabled = keeper.undo === 0;
    parts.redo.disabled = keeper.redo === 0;
  };
  const pressed = (event) => {
    if (!(event.ctrlKey || event.metaKey) || event.altKey || typing(event)) return;
    const key = event.key.toLowerCase();
    const what = key === "y" || (key === "z" && event.shiftKey) ? "redo" : key === "z" ? "undo" : "";
    if (!what) return;
    event.preventDefault();
    if (keeper[what] > 0) ask(what);
  };
  refresh();
  addEventListener("mlpscope", refresh);
  document.addEventListener("keydown", pressed);
  return () => {
    removeEventListener("mlpscope", refresh);
    document.removeEventListener("keydown", pressed);
  };
}
