// The player: one equation at a time, its operands and its result, and the list of all of them.

class Player extends Walker {
  constructor(root) {
    super(root);
    this.origin = {};
    this.leaves = new Map();
    this.build();
    this.watch = new ResizeObserver(() => {
      this.room = this.roomNow();
      if (this.score) this.draw();
    });
    this.watch.observe(this.field);
    this.room = this.roomNow();
  }

  /** Asked for when it changes, not at every step. On a phone the field grows with its content. */
  roomNow() {
    return { width: this.field.clientWidth, height: innerWidth <= 760 ? 470 : this.field.clientHeight };
  }

  destroy() {
    super.destroy();
    this.watch.disconnect();
    cancelIdle(this.idle);
    clearTimeout(this.reveal);
    clearTimeout(this.refocusing);
  }

  build() {
    this.cellCounter = el("span", "cellcount");
    this.byCell = control("Cell by cell", "cell by cell", () => this.toggleCells(), "e");
    this.byCell.setAttribute("aria-pressed", "false");
    this.bar = transport(this, "step", this.byCell, this.cellCounter);
    this.equation = el("div", "equation");
    this.field = el("div", "field");
    this.list = el("ol", "list");
    this.list.setAttribute("aria-label", "All equations of the pass");
    this.reader = el("div", "reader");
    this.live = el("div", "spoken");
    this.live.setAttribute("aria-live", "polite");
    this.chapters = el("nav", "chapters");
    this.root.replaceChildren(
      this.chapters,
      this.bar,
      el("div", "main", el("div", "left", this.equation, this.field, this.reader), this.list),
      this.live,
    );
  }

  update(payload, host, post) {
    const before = this.score;
    const dark = this.colours?.dark;
    this.take(payload, host, post);
    if (this.score === before && this.colours.dark === dark) return;
    const { rev, step } = payload.cursor;
    if (rev !== this.rev) {
      this.rev = rev;
      this.step = this.told = step;
      this.cell = this.cell === null ? null : 0;
      this.origin = {};
    }
    this.step = Math.max(0, Math.min(this.step, this.score.steps.length - 1));
    if (payload.choices) this.fillChoices();
    this.root.classList.toggle("chaptered", Boolean(payload.choices));
    if (!this.bar.querySelector(".legend")) this.bar.append(legend(this.score.parts));
    this.fillList();
    this.draw();
  }

  fillList() {
    const signature = this.score.steps.map((s) => s.formula + s.phase).join();
    if (signature === this.listed) return this.markList();
    this.listed = signature;
    this.items = [];
    this.dropLeaves();
    this.list.replaceChildren();
    let phase = "";
    for (const step of this.score.steps) {
      if (step.phase !== phase) this.list.append(el("li", "phase", (phase = step.phase)));
      const button = el("button", "", mathNode(step.formula));
      button.type = "button";
      button.onclick = () => this.go(step.number);
      button.setAttribute("aria-label", `step ${step.number + 1}: ${step.spoken}`);
      if (step.recompute) button.append(el("span", "note", "again"));
      const mark = el("span", "mark");
      button.append(mark);
      const item = el("li", "step", button);
      this.items.push({ number: step.number, out: step.out, button, mark });
      this.list.append(item);
    }
    this.markList();
  }

  /** In the list: where we are, what a pointed cell feeds, what the last edit changed. */
  markList() {
    for (const { number, out, button, mark } of this.items) {
      if (number === this.step) button.setAttribute("aria-current", "step");
      else button.removeAttribute("aria-current");
      const fed = this.lights.fed[out];
      const cells = fed ? count(this.score.matrices[out], fed) : 0;
      button.classList.toggle("fed", cells > 0);
      button.classList.toggle("changed", this.changedAny(out));
      const words = cells ? `${cells} ${cells === 1 ? "cell" : "cells"}` : "";
      if (mark.textContent !== words) mark.textContent = words; // the same text again would cost a layout
    }
  }

  /** Bring the current equation into view, once it has been painted: asking for places costs a layout. */
  revealCurrent() {
    clearTimeout(this.reveal);
    this.reveal = setTimeout(() => {
      const { offsetTop, offsetHeight } = this.list.querySelector("[aria-current]").parentElement;
      const { scrollTop, clientHeight } = this.list;
      if (offsetTop < scrollTop + 24 || offsetTop + offsetHeight > scrollTop + clientHeight)
        this.list.scrollTop = offsetTop - clientHeight / 3;
    }, 30);
  }

  /**
   * Show the current step. Each step is a leaf: its equation and its tables, built once for a
   * shape and a size, then only laid out and painted when it is turned to.
   */
  draw() {
    if (!this.room?.width) return;
    const step = this.current;
    const leaf = this.edits.editing && this.leaf ? this.leaf : this.leafOf(step);
    if (leaf !== this.leaf) {
      this.keepFocus();
      this.leaf?.show(false);
      leaf.show(true);
      this.leaf = leaf;
      this.tiles = leaf.tiles;
      this.sizes = leaf.sizes;
    }
    if (leaf.score !== this.score) leaf.say(this.score);
    this.scales = scalesOf(step, this.score.matrices);
    if (this.lights.id === null && this.cell !== null) this.pointResult();
    this.repaint();
    this.revealCurrent();
    this.counter.textContent = `${this.step + 1} / ${this.score.steps.length}`;
    const cells = this.score.matrices[step.out].data.length;
    this.cellCounter.textContent = this.cell === null ? "" : `cell ${this.cell + 1} / ${cells}`;
    this.buildAhead();
  }

  leafOf(step) {
    const sizes = measure(this, step, this.room.width - 8, this.room.height - 8, this.origin);
    const shapes = step.tiles.map((t) => this.score.matrices[t.id].shape);
    const signature = JSON.stringify([step.formula, step.tiles, sizes, shapes]);
    const known = this.leaves.get(step.number);
    if (known?.signature === signature) return known;
    known?.remove();
    // Where every step has a size of its own, cells are many: one leaf at a time.
    if (!sizes.fixed) this.dropLeaves();
    const tiles = step.tiles.map((spec) =>
      buildTile(this, { ...spec, slot: slotOf(spec, step, sizes.stacked) }, this.viewOf(spec, sizes)),
    );
    const leaf = new Leaf(step, sizes, tiles, signature);
    this.equation.append(leaf.equation);
    this.field.append(leaf.product);
    leaf.say(this.score);
    this.leaves.set(step.number, leaf);
    return leaf;
  }

  /** The steps not yet built, the next ones first, while nothing else is going on. */
  buildAhead() {
    cancelIdle(this.idle);
    if (!this.sizes.fixed) return;
    const { steps } = this.score;
    const missing = steps.map((_, n) => steps[(this.step + n) % steps.length]).find((s) => !this.leaves.has(s.number));
    if (missing) this.idle = whenIdle(() => this.score && (this.leafOf(missing), this.buildAhead()));
  }

  dropLeaves() {
    for (const leaf of this.leaves.values()) leaf.remove();
    this.leaves.clear();
    this.leaf = null;
  }

  viewOf(spec, sizes) {
    const m = this.score.matrices[spec.id];
    const [rows, cols] = spec.turned ? [m.cols, m.rows] : [m.rows, m.cols];
    const w = sizes.window ?? {};
    return {
      row: w[spec.rows]?.from ?? 0, col: w[spec.cols]?.from ?? 0,
      rows: w[spec.rows]?.shown ?? rows, cols: w[spec.cols]?.shown ?? cols,
      cw: sizes.cw, ch: sizes.ch, font: sizes.font, digits: sizes.digits,
    };
  }

  /** Walking with the focus in a matrix: it comes back once the step is painted, for it costs a layout. */
  keepFocus() {
    const cell = this.root.getRootNode().activeElement?.closest?.("td")?.mlp;
    if (cell) this.place = { slot: cell.tile.spec.slot, r: cell.r, c: cell.c };
    clearTimeout(this.refocusing);
    if (this.place) this.refocusing = setTimeout(() => this.refocus(), 20);
  }

  refocus() {
    const place = this.place;
    this.place = null;
    const tile = this.tiles.find((t) => t.spec.slot === place.slot) ?? this.tiles.at(-1);
    const cell = tile.cells.find((c) => c.mlp.r === place.r && c.mlp.c === place.c) ?? tile.cells[0];
    cell.focus({ preventScroll: true });
  }

  /** Only values and marks: after an edit, a hover, a new score of the same shape. */
  repaint() {
    for (const tile of this.tiles) paintTile(this, tile, this.scales[tile.spec.id]);
    this.read();
    this.markList();
  }

  lit() {
    this.repaint();
  }

  /** What a cell of this step comes from (a result) or feeds (an operand). */
  trace({ of, index, tile }) {
    if (tile.spec.slot === "result") return { id: of, index, from: provenance(this.current, index), fed: {} };
    return { id: of, index, from: {}, fed: influence(this.score.steps, of, index) };
  }

  read() {
    const { matrices } = this.score;
    const { id, index, fed } = this.lights;
    if (id === null) {
      this.reader.replaceChildren(mathNode(this.current.index), el("span", "hint", `${POINT} a cell${TOUCH ? "" : ", or press Tab and the arrow keys,"} to see its numbers.`));
      return;
    }
    if (id === this.current.out) {
      this.reader.replaceChildren(mathNode(this.current.index), numbersNode(cellLine(this.current, matrices, index, this.finer)));
      return;
    }
    this.reader.replaceChildren(...originNodes(this, id, index), el("span", "hint", feedsWords(this.score, fed)));
  }

  across(tile, r, c, down, across, at) {
    const slot = (name) => this.tiles.find((t) => t.spec.slot === name);
    const from = tile.spec.slot;
    if (from === "left" && across > 0) return at(slot("result"), r, 0);
    if (from === "result" && across < 0) return at(slot("left"), r, (slot("left")?.cols ?? 0) - 1);
    if (from === "result" && across > 0) return at(slot("right"), Math.min(r, (slot("right")?.rows ?? 1) - 1), 0);
    if (from === "right" && across < 0) return at(slot("result"), r, (slot("result")?.cols ?? 0) - 1);
    if (from === "above" && down > 0) return at(slot("result"), 0, c);
    if (from === "result" && down < 0) return at(slot("above"), (slot("above")?.rows ?? 0) - 1, c);
    return undefined;
  }

  /** At the edge of a window the window moves along. */
  move(cell, step) {
    const { tile, r, c } = cell.mlp;
    const { window } = this.sizes;
    const [row, col] = [r + step[0], c + step[1]];
    if (!window || row < 0 || col < 0 || row >= tile.rows || col >= tile.cols) return this.neighbour(cell, step);
    const at = () => tile.cells.find((x) => x.mlp.r === row && x.mlp.c === col);
    if (at()) return at();
    for (const [letter, by] of [[tile.spec.rows, step[0]], [tile.spec.cols, step[1]]])
      if (by && window[letter]) this.origin[letter] = Math.max(0, Math.min(window[letter].from + by * (WINDOW / 2), window[letter].size - window[letter].shown));
    const { slot } = tile.spec;
    this.draw();
    return this.tiles.find((t) => t.spec.slot === slot)?.cells.find((x) => x.mlp.r === row && x.mlp.c === col);
  }
}
