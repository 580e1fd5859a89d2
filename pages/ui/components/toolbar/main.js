// Undo, redo, copy link. What can be undone, and what the link is, the stage writes into the storage they share.

import { copyText } from "../shared/clipboard.js";
import { buttonOf, el, setAttributes, svgIcon } from "../shared/dom.js";
import { CHANGED, storage } from "../shared/storage.js";
import { adoptStyle, loadStyle } from "../shared/style.js";

const ICONS = {
  undo: "M8 5 4 9l4 4M4 9h10a6 6 0 0 1 0 12h-3",
  redo: "M16 5l4 4-4 4M20 9H10a6 6 0 0 0 0 12h3",
  help: "M9 9a3 3 0 1 1 4 3c-1 .5-1 1-1 2M12 18v.5",
  link: "M10 14a4 4 0 0 0 6 0l3-3a4 4 0 0 0-6-6l-1 1M14 10a4 4 0 0 0-6 0l-3 3a4 4 0 0 0 6 6l1-1",
};
const TOO_LONG = "This state is too long for a link, which holds 6,000 characters. Save it as a file instead: File, State.";
const NOT_ALLOWED = "This browser lets no page write to the clipboard; the address bar holds the link.";

const style = await loadStyle(new URL("./toolbar.css", import.meta.url));
/** @type {WeakMap<HTMLElement, Toolbar>} */
const toolbars = new WeakMap();

/** Whether keys are being typed into something: then Ctrl+Z is its own. @param {Event} event */
function isTyping(event) {
  const target = event.composedPath()[0];
  if (!(target instanceof HTMLElement)) return false;
  const isText = target instanceof HTMLInputElement && !/^(range|radio|checkbox|button)$/.test(target.type);
  return isText || target.tagName === "TEXTAREA" || target.isContentEditable;
}

/** The Overview shows the doors, now or when it is opened. */
function showDoors() {
  localStorage.removeItem("mlpscope.doors");
  dispatchEvent(new Event("mlpscope-doors"));
  const home = [...document.querySelectorAll("a")].find((link) => link.textContent?.trim() === "Overview");
  if (!location.pathname.endsWith("/")) home?.click();
}

/** Where the links to the pages scroll sideways, as on a phone, the open page's is scrolled into view. */
function showOpenPage() {
  const links = [...document.querySelectorAll('[data-testid="stPageLink"] a')].filter((link) => link instanceof HTMLAnchorElement);
  // The link to the Overview is empty, so it has the address of every page.
  const open = links.filter((link) => link.pathname === location.pathname).at(-1);
  open?.scrollIntoView({ inline: "nearest", block: "nearest" });
}

class Toolbar {
  /** @type {Component<unknown>["setStateValue"]} */
  setStateValue;
  /** The page it was last drawn on. */
  page = "";

  /** @param {HTMLElement} root */
  constructor(root) {
    this.root = root;
    this.undo = this.button("undo", "Undo (Ctrl+Z)", () => this.request("undo"));
    this.redo = this.button("redo", "Redo (Ctrl+Shift+Z)", () => this.request("redo"));
    this.link = this.button("link", "Copy link", () => this.copyLink());
    this.status = setAttributes(el("div", "status"), { role: "status" });
    const help = this.button("help", "What this is and where to begin", showDoors);
    root.replaceChildren(this.undo, this.redo, this.link, help, this.status);
  }

  /**
   * @param {keyof typeof ICONS} name
   * @param {string} label
   * @param {() => void} action
   */
  button(name, label, action) {
    return setAttributes(buttonOf("", svgIcon(ICONS[name]), label, action), { title: label });
  }

  /** @param {"undo" | "redo"} what */
  request(what) {
    this.setStateValue("do", { what, at: Date.now(), session: storage.session });
  }

  /**
   * @param {string} text
   * @param {number} time
   */
  showStatus(text, time) {
    this.status.textContent = text;
    clearTimeout(this.timer);
    this.timer = setTimeout(() => (this.status.textContent = ""), time);
  }

  async copyLink() {
    if (storage.doc !== null) return this.showStatus(TOO_LONG, 8000);
    const url = new URL(location.href);
    if (storage.link) url.searchParams.set("s", storage.link);
    if (await copyText(url.href, this.root)) this.showStatus("Link copied.", 2500);
    else this.showStatus(NOT_ALLOWED, 8000);
  }

  refresh() {
    this.undo.disabled = storage.undo === 0;
    this.redo.disabled = storage.redo === 0;
  }

  /** @param {KeyboardEvent} event */
  onKey(event) {
    // What is in a menu stands at the end of the page, behind all the rest of it.
    if (event.key === "Tab" && !event.shiftKey && document.activeElement?.matches('[data-testid="stPopoverButton"][aria-expanded="true"]')) {
      const first = document.querySelector('[data-testid="stPopoverBody"] :is(input, button, textarea):not(:disabled)');
      if (first instanceof HTMLElement) {
        event.preventDefault();
        first.focus();
      }
    }
    if (!(event.ctrlKey || event.metaKey) || event.altKey || isTyping(event)) return;
    const key = event.key.toLowerCase();
    const what = key === "y" || (key === "z" && event.shiftKey) ? "redo" : key === "z" ? "undo" : null;
    if (!what) return;
    event.preventDefault();
    if (storage[what] > 0) this.request(what);
  }
}

/** @param {Component<[Kept]>} component */
export default function ({ data, parentElement, setStateValue }) {
  adoptStyle(parentElement, style);
  const root = /** @type {HTMLElement} */ (parentElement.querySelector(".tools"));
  let toolbar = toolbars.get(root);
  if (!toolbar) toolbars.set(root, (toolbar = new Toolbar(root)));
  toolbar.setStateValue = setStateValue;
  // The stage may not be there yet; what Python says in this run is no older than what the stage knows.
  const [{ session, undo, redo }] = data;
  if (storage.session === null || storage.session === session) Object.assign(storage, { undo, redo });
  toolbar.refresh();
  if (toolbar.page !== location.pathname) showOpenPage();
  toolbar.page = location.pathname;
  const listening = new AbortController();
  addEventListener(CHANGED, () => toolbar.refresh(), listening);
  document.addEventListener("keydown", (event) => toolbar.onKey(event), listening);
  return () => listening.abort();
}
