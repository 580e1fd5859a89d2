// What player, wall and board share: the payload in force, what is highlighted, what changed, messages,
// and moving from cell to cell.

import { buttonOf, el, setAttributes } from "../../shared/dom.js";
import { readCell, readView, writeCell, writeView } from "./address.js";
import { openMenu } from "./copy-menu.js";
import { openEditor, pasteInto, scrubCell } from "./cell-editor.js";
import { scaleOf, themeColours } from "./colour-scale.js";
import { EditQueue } from "./edit-queue.js";
import { clamp } from "./layout.js";
import { findCell, isCell, placeWindow } from "./matrix-table.js";
import { readPayload } from "./payload.js";
import { blockContains } from "./provenance.js";
import { computedWords, gradientWords } from "./wording.js";

export const TOUCH = matchMedia("(hover: none) and (pointer: coarse)").matches;

const DECIMALS_KEY = "mlpscope.decimals"; // in the tab: one choice for all pages
const SWITCHES_KEY = "mlpscope.view"; // in the tab: one colour scale, dimming, the picture and its edges
const DOUBLE_TAP = 400; // within which a second tap makes a double one
export const POINT_VERB = TOUCH ? "Tap" : "Point at";

export class Stage {
  /** @type {Model} set by the first update */
  model;
  /** @type {Post} */
  post;
  /** @type {ThemeColours} */
  colours;
  /** @type {HTMLElement} */
  reader;
  /** @type {Tile[]} */
  tiles = [];
  /** The largest size of a number, where all matrices share one colour scale. */
  widest = 1;
  /** @type {Matrices | null} */
  previousMatrices = null;
  /** @type {{ bubble: HTMLElement, where: HTMLElement | null } | null} */
  bubble = null;
  /** @type {{ model: Model, key: string, sizes: Sizes, place: StepSizes["place"] } | undefined} */
  layout;
  /** @type {Record<string, number>} where the window of a large matrix begins, by axis */
  origin = {};
  /** While a field is open, its table stays where it is. */
  editing = false;
  scrubbing = false;
  scrubbed = false;
  sessionIsNew = false;
  /** @type {Timer | undefined} */
  endTimer;
  /** @type {View} */
  view = { oneScale: false, dims: false, picture: false, gradients: false, predicting: readView().predicting, presenting: readView().presenting, ...JSON.parse(sessionStorage.getItem(SWITCHES_KEY) ?? "{}") };
  /** Cell by cell: how far the result has been filled in, where that is walked. */
  cell = /** @type {number | null} */ (null);
  digits = 4;
  cut = "round";
  black = el("div", "black");
  highlight = noHighlight();
  edits = new EditQueue(this);
  abort = new AbortController();
  /** @type {Record<string, string>} what each part was built from */
  builtFrom = {};

  /** @param {HTMLElement} root */
  constructor(root) {
    this.root = root;
    Object.assign(this, JSON.parse(sessionStorage.getItem(DECIMALS_KEY) ?? "{}"));
    // What is drawn moves under a mouse at rest, and leaves the cell that has the focus explained.
    let rest = "";
    document.addEventListener("pointermove", (event) => (rest = `${event.clientX}, ${event.clientY}`), this.abort);
    root.onpointerover = (event) => {
      const cell = cellAtEvent(event);
      const isAtRest = event.pointerType === "mouse" && rest === `${event.clientX}, ${event.clientY}`;
      if (cell || !isAtRest) this.pointAt(cell && cell.mlp);
    };
    root.onpointerleave = () => {
      this.pointAt(null);
      this.reportPosition();
    };
    root.onpointerdown = (event) => {
      if (!closest(event, ".menu")) this.closeBubble();
      const cell = cellAtEvent(event);
      if (cell) scrubCell(this, cell, event);
    };
    root.onclick = (event) => {
      const cell = cellAtEvent(event);
      if (cell && !this.scrubbed && !closest(event, "input")) {
        this.pin(cell);
        if (TOUCH) setTimeout(() => this.scrollIntoReach(cell), DOUBLE_TAP);
      }
      this.scrubbed = false;
    };
    root.ondblclick = (event) => {
      const cell = cellAtEvent(event);
      if (!cell) return;
      const matrix = this.model.matrices[cell.mlp.id];
      if (matrix.editable) openEditor(this, cell);
      else this.showMessage(cell, computedWords(matrix));
    };
    root.onpaste = (event) => {
      const cell = cellAtEvent(event);
      if (!cell || closest(event, "input")) return;
      event.preventDefault();
      pasteInto(this, cell, event.clipboardData?.getData("text") ?? "");
    };
    // There is no onfocusin to assign; the signal takes the listener away again.
    root.addEventListener("focusin", (event) => {
      const cell = cellAtEvent(event);
      if (!cell || closest(event, "input")) return;
      for (const other of cell.mlp.tile.cells) other.tabIndex = other === cell ? 0 : -1;
      this.pointAt(cell.mlp);
    }, this.abort);
    // On the way down: a select box keeps to itself the keys that come up to it.
    document.addEventListener("keydown", (event) => this.key(event), { capture: true, signal: this.abort.signal });
    // The bubble is fixed to the window, so it closes when what it points at moves.
    root.onwheel = () => this.closeBubble();
  }

  destroy() {
    this.abort.abort();
  }

  /** Whether to build a part anew: for the first time, or from something else. @type {(part: string, ...from: unknown[]) => boolean} */
  isStale(part, ...from) {
    const was = this.builtFrom[part];
    this.builtFrom[part] = JSON.stringify(from);
    return this.builtFrom[part] !== was;
  }

  /** @param {Element} node @param {() => void} react to another size of it */
  observeSize(node, react) {
    const observer = new ResizeObserver(react);
    observer.observe(node);
    this.abort.signal.addEventListener("abort", () => observer.disconnect());
  }

  /** @param {{ digits?: number, cut?: string }} change `cut` is a name of `CUTS` */
  setDecimals(change) {
    Object.assign(this, change);
    sessionStorage.setItem(DECIMALS_KEY, JSON.stringify({ digits: this.digits, cut: this.cut }));
    this.draw();
  }

  /** @param {Partial<View>} change */
  setView(change) {
    Object.assign(this.view, change);
    const { oneScale, dims, picture, gradients } = this.view;
    sessionStorage.setItem(SWITCHES_KEY, JSON.stringify({ oneScale, dims, picture, gradients }));
    writeView(this);
    this.showPresenting();
    this.draw();
  }

  showPresenting() {
    this.root.classList.toggle("presenting", this.view.presenting);
    if (!this.view.presenting) this.black.remove();
  }

  /**
   * A key: first for the cell that has the focus, then for the whole stage.
   *
   * @param {KeyboardEvent} event
   */
  key(event) {
    if (event.ctrlKey || event.metaKey || event.altKey || !this.model) return;
    // A closed select box keeps the focus after a choice; the arrows are ours again then, letters still open it.
    const isFree = event.key.startsWith("Arrow") && closest(event, '[role="combobox"][aria-expanded="false"]');
    if (isTyping(event) && !isFree) return;
    this.closeBubble();
    const cell = cellAtEvent(event);
    const used = cell && this.root.contains(cell) && this.cellKey(event, cell);
    const action = this.keys(event)[event.key];
    if (!used && !action) return;
    if (!used) action();
    event.preventDefault();
  }

  /**
   * What each key does outside a cell. Of someone who presents: `f` begins and ends it, `b` is black, `g` shows the graph
   * of the network.
   *
   * @param {KeyboardEvent} _event
   * @returns {Record<string, () => void>}
   */
  keys(_event) {
    const { presenting, picture } = this.view;
    const end = () => this.setView({ presenting: false });
    const black = () => (this.black.isConnected ? this.black.remove() : this.root.append(this.black));
    return {
      f: () => this.setView({ presenting: !presenting }),
      g: () => this.setView({ picture: !picture }),
      ...(presenting ? { b: black } : {}),
      ...(presenting && !this.highlight.pinned ? { Escape: end } : {}),
    };
  }

  /**
   * Take a new payload from Python. Keeps what the user is doing; marks what changed.
   *
   * @param {Payload} payload
   * @param {Element} host
   * @param {Post} post
   */
  receive(payload, host, post) {
    this.post = post;
    this.colours = themeColours(host);
    for (const pole of /** @type {const} */ (["plus", "minus"])) this.root.style.setProperty(`--${pole}`, `rgb(${this.colours[pole].join(" ")})`);
    const old = this.model;
    this.model = readPayload(payload);
    this.widest = scaleOf(Object.values(this.model.matrices).filter((m) => m.shape.length));
    const same = old && old.example === payload.example && sameShapes(old, this.model);
    if (!same) {
      this.previousMatrices = null;
      this.editing = false;
    }
    const { id } = this.highlight;
    if (!same || (id !== null && !this.model.matrices[id])) this.highlight = noHighlight();
    this.edits.acknowledge(payload.answer);
  }

  /** Before the first of several edits, keep the matrices that changes are marked against. */
  rememberMatrices() {
    if (this.edits.isEmpty) this.previousMatrices = this.model.matrices;
  }

  /**
   * @param {string} id
   * @param {number} at
   */
  isChanged(id, at) {
    const was = this.previousMatrices?.[id];
    return was !== undefined && !Object.is(was.data[at], this.model.matrices[id].data[at]);
  }

  /** Whether any cell of a matrix differs from what it was before the last edit. @param {string} id */
  isAnyChanged(id) {
    const was = this.previousMatrices?.[id]?.data;
    const now = this.model.matrices[id].data;
    return was !== undefined && now.some((x, at) => !Object.is(x, was[at]));
  }

  /** Bring all that is drawn up to date. */
  draw() {}

  /** Likewise, but for what is drawn where: values and marks only. */
  repaint() {}

  pause() {}

  /**
   * What a cell comes from and what it feeds.
   *
   * @param {Place} _place
   * @returns {CellHighlight}
   */
  trace(_place) {
    return noHighlight();
  }

  /**
   * Whether a number is not shown yet.
   *
   * @param {TileSpec} _spec
   * @param {Index} _index
   */
  isVeiled(_spec, _index) {
    return false;
  }

  /** The layer of what is played, for the picture of the network. */
  get playedLayer() {
    return -1;
  }

  /** Report the present step or frame to Python, unless it knows it. */
  reportPosition() {}

  /**
   * Light up what a cell comes from, or the given blocks, and what it feeds.
   *
   * @param {Place | null} place
   * @param {Blocks} [blocks]
   */
  pointAt(place, blocks) {
    if (this.scrubbing) return; // the cell under the finger is not the one that is dragged
    if (place === null && this.highlight.pinned) return;
    if (place === null) this.highlight = this.highlight.held ?? noHighlight();
    else {
      const held = this.highlight.pinned ? this.highlight : this.highlight.held;
      this.highlight = { ...this.trace(place), ...(blocks ? { from: blocks } : {}), shown: place.id, held };
    }
    this.repaint();
  }

  /** @param {Cell} cell */
  pin(cell) {
    const { of, index } = cell.mlp;
    const held = this.highlight.pinned ? this.highlight : this.highlight.held;
    const again = held && held.id === of && blockContains(held.index, index);
    cell.focus({ preventScroll: true });
    if (again) this.unpin();
    else this.hold(cell.mlp);
  }

  /** Keep a cell lit and explained, on the next page as well. @param {Place} place */
  hold({ id, of, index }) {
    this.highlight = { ...this.trace({ id, of, index }), shown: id, pinned: true, held: null };
    writeCell(this, { id, of, index });
    // By how much the loss changes exactly is Python's to say.
    if (this.model.held !== undefined && gradientWords(this.model, of, index)) this.post("hold", { id: of, index });
    this.repaint();
  }

  /** Hold the cell of the link, or of the page before. */
  restoreHeld() {
    const place = readCell(this.model);
    if (place) this.hold(place);
  }

  /**
   * On a narrow page the reader covers the lower part: scroll a cell out from under it.
   *
   * @param {Cell} cell
   */
  scrollIntoReach(cell) {
    cell.style.scrollMarginBottom = `${this.reader.offsetHeight + 8}px`;
    cell.scrollIntoView({ block: "nearest", inline: "nearest" });
  }

  unpin() {
    this.highlight = noHighlight();
    writeCell(this, null);
    this.repaint();
  }

  /**
   * The cell drawn for a place of a matrix, if it is drawn.
   *
   * @param {string} id
   * @param {Index} index
   * @returns {Cell | HTMLElement | null}
   */
  cellAt(id, index) {
    for (const tile of this.tiles)
      if (tile.spec.id === id) return tile.cells.find((cell) => blockContains(cell.mlp.index, index)) ?? tile.node;
    return null;
  }

  /**
   * The tile that a walk from cell to cell goes on in, where it leaves one.
   *
   * @param {Tile} _tile
   * @param {number} _down
   * @param {number} _across
   * @returns {Tile | undefined}
   */
  nextTile(_tile, _down, _across) {
    return undefined;
  }

  /**
   * Arrow keys, editing and pinning inside a grid. Returns whether the key was used.
   *
   * @param {KeyboardEvent} event
   * @param {Cell} cell
   */
  cellKey(event, cell) {
    /** @type {Record<string, Move>} */
    const arrows = { ArrowRight: [0, 1], ArrowLeft: [0, -1], ArrowDown: [1, 0], ArrowUp: [-1, 0] };
    if (arrows[event.key]) {
      this.move(cell, arrows[event.key])?.focus();
    } else if (event.key === "Escape") {
      this.closeBubble();
      this.unpin();
      this.root.focus({ preventScroll: true });
    } else if (event.key === "Enter" || event.key === "F2") {
      if (this.model.matrices[cell.mlp.id].editable) openEditor(this, cell);
      else this.pin(cell);
    } else if (/^[-+.,\d\u2212]$/.test(event.key)) {
      const matrix = this.model.matrices[cell.mlp.id];
      if (matrix.editable) openEditor(this, cell, event.key);
      else this.showMessage(cell, computedWords(matrix));
    } else return false;
    return true;
  }

  /**
   * The cell so many rows and columns away: at the edge of a window the window moves along, at that of a matrix the
   * walk goes on in the next one.
   *
   * @param {Cell} cell
   * @param {Move} step
   */
  move(cell, [down, across]) {
    const { tile, r, c } = cell.mlp;
    const { view } = tile;
    const [row, col] = [r + down, c + across];
    if (row < 0 || col < 0 || row >= tile.rows || col >= tile.cols) {
      const next = down && across ? undefined : this.nextTile(tile, down, across);
      /** @type {(by: number, at: number, size: number) => number} */
      const enter = (by, at, size) => (by > 0 ? 0 : by < 0 ? size - 1 : Math.min(at, size - 1));
      return next && findCell(next, enter(down, r, next.rows), enter(across, c, next.cols));
    }
    /** @type {(at: number, from: number, shown: number) => number} */
    const start = (at, from, shown) => (at >= from && at < from + shown ? from : at - Math.floor(shown / 2));
    const [top, left] = [start(row, view.row, view.rows), start(col, view.col, view.cols)];
    if (top !== view.row || left !== view.col) this.scrollTile(tile, top, left);
    return findCell(tile, row, col);
  }

  /** What the axes of a tile are called: tiles that share an axis share its window. @param {Tile} tile */
  axesOf({ spec }) {
    return [spec.rows || `${spec.id}/rows`, spec.cols || `${spec.id}/cols`];
  }

  /** The first row and column that a tile is to show. @param {Tile} tile */
  windowOrigin(tile) {
    return this.axesOf(tile).map((axis) => this.origin[axis] ?? 0);
  }

  /**
   * @param {Tile} tile
   * @param {number} row the first that is shown
   * @param {number} col
   */
  scrollTile(tile, row, col) {
    const axes = this.axesOf(tile);
    this.origin[axes[0]] = clamp(row, 0, tile.rows - tile.view.rows);
    this.origin[axes[1]] = clamp(col, 0, tile.cols - tile.view.cols);
    for (const each of this.tiles) placeWindow(this, each);
    this.repaint();
  }

  /**
   * A message beside a cell, spoken as well; it goes at the next key, click or edit.
   *
   * @param {HTMLElement | null} where
   * @param {string} text
   */
  showMessage(where, text) {
    this.closeBubble();
    const bubble = setAttributes(el("div", "bubble", text), { role: "alert" });
    this.root.append(bubble);
    const box = (where ?? this.root).getBoundingClientRect();
    const own = bubble.getBoundingClientRect();
    const left = Math.max(8, Math.min(box.left, innerWidth - own.width - 8));
    const above = box.bottom + own.height + 10 > innerHeight;
    bubble.style.left = `${left}px`;
    bubble.style.top = `${above ? Math.max(8, box.top - own.height - 6) : box.bottom + 6}px`;
    where?.classList?.add("refused");
    this.bubble = { bubble, where };
  }

  /**
   * A question beside a cell, with what can be chosen.
   *
   * @param {HTMLElement | null} where
   * @param {string} words
   * @param {[string, () => void][]} items
   */
  showChoices(where, words, items) {
    openMenu(this, words, items, where ?? this.root).prepend(el("p", "", words));
  }

  /**
   * A sentence at the foot of the window, for as long as it is not closed or `time` has not passed.
   *
   * @param {string} text
   * @param {number} [time]
   */
  showToast(text, time = 0) {
    this.root.querySelector(".toast")?.remove();
    const close = buttonOf("", "\u00d7", "close this message", () => toast.remove());
    const toast = setAttributes(el("div", "toast", el("span", "", text), close), { role: "status" });
    this.root.append(toast);
    if (time) setTimeout(() => toast.remove(), time);
  }

  closeBubble() {
    this.bubble?.bubble.remove();
    this.bubble?.where?.classList?.remove("refused");
    this.bubble = null;
  }
}

/** @returns {CellHighlight} */
export function noHighlight() {
  return { id: null, index: [], from: {}, fed: {} };
}

/**
 * @param {Event} event
 * @returns {Cell | null}
 */
function cellAtEvent(event) {
  const cell = closest(event, "td");
  return cell && isCell(cell) ? cell : null;
}

/** Whether keys go into a field, a choice or a dialog. @param {Event} event */
export function isTyping(event) {
  return closest(event, "input, textarea, select, [contenteditable=true], [role=slider], [role=radiogroup], [role=combobox], [role=dialog], [role=menu]") !== null;
}

/** @type {(event: Event, selector: string) => Element | null} */
export function closest(event, selector) {
  const node = event.composedPath()[0];
  return node instanceof Element ? node.closest(selector) : null;
}

/**
 * @param {Model} a
 * @param {Model} b
 */
function sameShapes(a, b) {
  const names = Object.keys(a.matrices);
  return (
    names.length === Object.keys(b.matrices).length &&
    names.every((id) => b.matrices[id] && String(a.matrices[id].shape) === String(b.matrices[id].shape))
  );
}
