// What player and wall share: the score in force, what is pointed at, what changed, messages,
// and walking from cell to cell.

const TOUCH = matchMedia("(hover: none)").matches;
const DECIMALS = ["2", "3", "4", "6", "8"];
const KEPT_DECIMALS = "mlpscope.decimals"; // in the tab: one choice for all pages
const AGAIN = 400; // within which a second tap makes a double one
const POINT = TOUCH ? "Tap" : "Point at";

class Stage {
  constructor(root) {
    this.root = root;
    this.edits = new Edits(this);
    this.lights = dark();
    this.tiles = [];
    const kept = sessionStorage.getItem(KEPT_DECIMALS);
    this.digits = DECIMALS.includes(kept) ? Number(kept) : 4;
    this.before = null;
    root.onpointerover = (event) => this.point(cellOf(event));
    root.onpointerleave = () => {
      this.point(null);
      this.rest();
    };
    root.onpointerdown = (event) => {
      if (!event.target.closest(".menu")) this.hush();
      const cell = cellOf(event);
      if (cell) this.edits.scrub(cell, event);
    };
    root.onclick = (event) => {
      const cell = cellOf(event);
      if (cell && !this.scrubbed && !event.target.closest("input")) {
        this.pin(cell);
        if (TOUCH) setTimeout(() => this.uncover(cell), AGAIN);
      }
      this.scrubbed = false;
    };
    root.ondblclick = (event) => {
      const cell = cellOf(event);
      if (!cell) return;
      const matrix = this.score.matrices[cell.mlp.id];
      if (matrix.editable) this.edits.open(cell);
      else this.say(cell, computedWords(matrix));
    };
    root.onpaste = (event) => {
      const cell = cellOf(event);
      if (!cell || event.target.closest("input")) return;
      event.preventDefault();
      this.edits.paste(cell, event.clipboardData.getData("text"));
    };
    // There is no onfocusin to assign; the signal takes the listener away again.
    this.ended = new AbortController();
    const focused = (event) => {
      const cell = cellOf(event);
      if (!cell || event.target.closest("input")) return;
      for (const other of cell.mlp.tile.cells) other.tabIndex = other === cell ? 0 : -1;
      this.point(cell);
    };
    root.addEventListener("focusin", focused, { signal: this.ended.signal });
    // The bubble is fixed to the window, so it closes when what it points at moves.
    root.onwheel = () => this.hush();
  }

  destroy() {
    this.ended.abort();
  }

  setDigits(digits) {
    this.digits = digits;
    sessionStorage.setItem(KEPT_DECIMALS, digits);
    this.draw();
  }

  /** Decimals of what is added up: two more, so that the sum of what is read is the sum. */
  get finer() {
    return this.digits + 2;
  }

  /** Take a new score from Python. Keeps what the user is doing; marks what changed. */
  take(payload, host, post) {
    this.post = post;
    this.colours = palette(host);
    const old = this.score;
    if (payload !== this.payload) {
      this.payload = payload;
      this.score = read(payload);
      const same = old && old.example === payload.example && sameShapes(old, this.score);
      if (!same) {
        this.before = null;
        this.edits.editing = false;
      }
      if (!same || !this.tileStillThere()) this.lights = dark();
      this.edits.acknowledge(payload.answer);
    }
  }

  tileStillThere() {
    return this.lights.id === null || this.score.matrices[this.lights.id] !== undefined;
  }

  /** Called before an edit: from a quiet state on, changes are counted anew. */
  beginChange() {
    if (this.edits.overlay.size === 0) this.before = this.score.matrices;
  }

  changed(id, at) {
    const was = this.before?.[id];
    return was !== undefined && !Object.is(was.data[at], this.score.matrices[id].data[at]);
  }

  /** Whether any cell of a matrix differs from what it was before the last edit. */
  changedAny(id) {
    const was = this.before?.[id]?.data;
    const now = this.score.matrices[id].data;
    return was !== undefined && now.some((x, at) => !Object.is(x, was[at]));
  }

  pause() {}

  /** The pointer has left for something else on the page: say what is still unsaid. */
  rest() {}

  /** Light up what a cell comes from and what it feeds. */
  point(cell) {
    if (this.edits.scrubbing) return; // the cell under the finger is not the one that is dragged
    if (cell === null && this.lights.pinned) return;
    if (cell === null) this.lights = this.lights.held ?? dark();
    else {
      const held = this.lights.pinned ? this.lights : this.lights.held;
      this.lights = { ...this.trace(cell.mlp), held };
    }
    this.lit();
  }

  pin(cell) {
    const { of, index } = cell.mlp;
    const held = this.lights.pinned ? this.lights : this.lights.held;
    const again = held && held.id === of && covers(held.index, index);
    cell.focus({ preventScroll: true });
    this.lights = again ? dark() : { ...this.trace(cell.mlp), pinned: true, held: null };
    cellToAddress(again ? null : this.lights);
    this.lit();
  }

  /** What tells of a cell lies over the foot of a narrow page: a cell that is under it comes up. */
  uncover(cell) {
    cell.style.scrollMarginBottom = `${this.reader.offsetHeight + 8}px`;
    cell.scrollIntoView({ block: "nearest", inline: "nearest" });
  }

  unpin() {
    this.lights = dark();
    cellToAddress(null);
    this.lit();
  }

  /** The cell drawn for a place of a matrix, if it is drawn. */
  cellAt(id, index) {
    for (const tile of this.tiles)
      if (tile.spec.id === id) return tile.cells.find((cell) => covers(cell.mlp.index, index)) ?? tile.node;
    return null;
  }

  /** The cell one step away, crossing from tile to tile where they meet in a product. */
  neighbour(cell, [down, across]) {
    const { tile, r, c } = cell.mlp;
    const at = (t, row, col) => t?.cells.find((other) => other.mlp.r === row && other.mlp.c === col);
    if (!down && !across) return cell;
    return at(tile, r + down, c + across) ?? this.across(tile, r, c, down, across, at);
  }

  across() {
    return undefined;
  }

  /** Arrow keys, editing and pinning inside a grid. Returns whether the key was used. */
  cellKey(event, cell) {
    const arrows = { ArrowRight: [0, 1], ArrowLeft: [0, -1], ArrowDown: [1, 0], ArrowUp: [-1, 0] };
    if (arrows[event.key]) {
      this.move(cell, arrows[event.key])?.focus();
    } else if (event.key === "Escape") {
      this.hush();
      this.unpin();
      this.root.focus({ preventScroll: true });
    } else if (event.key === "Enter" || event.key === "F2") {
      if (this.score.matrices[cell.mlp.id].editable) this.edits.open(cell);
      else this.pin(cell);
    } else if (/^[-+.,\d\u2212]$/.test(event.key)) {
      const matrix = this.score.matrices[cell.mlp.id];
      if (matrix.editable) this.edits.open(cell, event.key);
      else this.say(cell, computedWords(matrix));
    } else return false;
    return true;
  }

  move(cell, step) {
    return this.neighbour(cell, step);
  }

  /** A message beside a cell, spoken as well; it goes at the next key, click or edit. */
  say(where, text) {
    this.hush();
    const bubble = el("div", "bubble");
    bubble.textContent = text;
    bubble.setAttribute("role", "alert");
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

  /** A sentence at the foot of the window, for as long as it is not closed or `time` has not passed. */
  announce(text, time = 0) {
    this.root.querySelector(".toast")?.remove();
    const close = el("button", "", "\u00d7");
    close.type = "button";
    close.setAttribute("aria-label", "close this message");
    const toast = el("div", "toast", el("span", "", text), close);
    toast.setAttribute("role", "status");
    close.onclick = () => toast.remove();
    this.root.append(toast);
    if (time) setTimeout(() => toast.remove(), time);
  }

  hush() {
    this.bubble?.bubble.remove();
    this.bubble?.where?.classList?.remove("refused");
    this.bubble = null;
  }
}

function dark() {
  return { id: null, index: [], from: {}, fed: {}, pinned: false, held: null };
}

function cellOf(event) {
  const node = event.composedPath()[0];
  return node instanceof Element ? (node.closest("td")?.mlp ? node.closest("td") : null) : null;
}

function sameShapes(a, b) {
  const names = Object.keys(a.matrices);
  return (
    names.length === Object.keys(b.matrices).length &&
    names.every((id) => b.matrices[id] && String(a.matrices[id].shape) === String(b.matrices[id].shape))
  );
}
