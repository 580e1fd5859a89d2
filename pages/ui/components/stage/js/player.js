// The player: one equation at a time, its operands and its result, and the list of all of them.

import { buttonOf, el, mathNode, setAttributes } from "../../shared/dom.js";
import { readView, writeCell, writeView } from "./address.js";
import { cellEquation } from "./cell-formula.js";
import { checkLine, paintBadge } from "./check-badge.js";
import { openCheckTable } from "./check-table.js";
import { buildChoices } from "./choices.js";
import { scalesOf } from "./colour-scale.js";
import { buildLegend, buildTransport, iconButton } from "./controls.js";
import { clamp, widthFor } from "./layout.js";
import { buildTile, findCell, focusedCell, paintTile, placeWindow } from "./matrix-table.js";
import { drawnSize, flatIndex, indexAt } from "./payload.js";
import { NetworkPicture } from "./network-picture.js";
import { Playing } from "./playback.js";
import { countCells, influence, provenance } from "./provenance.js";
import { POINT_VERB, TOUCH, noHighlight } from "./stage.js";
import { layOutStep, slotOf } from "./step-layout.js";
import { meaningNodes, numbersNode, originText, productGrid } from "./step-view.js";

export class Player extends Playing {
  step = 0;
  event = "cursor";
  /** Predict, then reveal: 2 while only the formula is shown, 1 without the result, 0 with it. */
  covered = this.view.predicting ? 2 : 0;
  cell = readView().cell;
  /** The badge beside the equation: the check of its result. */
  badge = el("button");
  /** @type {Record<string, number>} */
  scales;
  /** @type {{ number: number, out: string, button: HTMLElement, mark: HTMLElement }[]} */
  items = [];

  /** @param {HTMLElement} root */
  constructor(root) {
    super(root);
    this.cellCounter = el("span", "cellcount");
    this.cellButton = iconButton("Cell by cell", "cell by cell", () => this.toggleCells(), "e");
    this.picture = new NetworkPicture(this);
    this.bar = buildTransport(this, "step", this.cellButton, this.cellCounter);
    this.equation = el("div", "equation");
    this.field = el("div", "field");
    this.list = el("ol", "list");
    this.list.setAttribute("aria-label", "All equations of the pass");
    this.reader = el("div", "reader");
    this.chapters = el("nav", "chapters");
    this.root.replaceChildren(
      this.chapters,
      this.bar,
      el("div", "main", el("div", "left", this.equation, this.field, this.reader), el("div", "right", this.picture.node, this.list)),
      this.live,
    );
    this.observeSize(this.field, () => {
      this.room = this.roomNow();
      if (this.model) this.draw();
    });
    this.room = this.roomNow();
  }

  /** Asked for when it changes, not at every step; beside the last matrix there is no gap. On a phone the field grows with its content. */
  roomNow() {
    return { width: this.field.clientWidth - 4, height: innerWidth <= 760 ? Math.max(470, innerHeight * 0.7) : this.field.clientHeight - 12 };
  }

  get current() {
    return this.model.steps[this.step];
  }

  /** The layer of what the current step makes. */
  get playedLayer() {
    return Number(this.current.out.match(/[A-Za-z](\d+)/)?.[1] ?? -1);
  }

  get cellCount() {
    return this.model.matrices[this.current.out].data.length;
  }

  get position() {
    return { step: this.step, rev: this.rev };
  }

  get last() {
    return this.model.steps.length - 1;
  }

  get atEnd() {
    return this.step === this.last && this.cell === null;
  }

  /** @param {KeyboardEvent} event */
  keys(event) {
    return { e: () => this.toggleCells(), ...super.keys(event) };
  }

  /** @param {Partial<View>} change */
  setView(change) {
    if (change.predicting !== undefined) this.covered = change.predicting ? 2 : 0;
    super.setView(change);
  }

  pointResult() {
    const { out } = this.current;
    const index = indexAt(this.model.matrices[out], this.cell ?? 0);
    this.highlight = { id: out, index, from: provenance(this.current, index), fed: {}, pinned: true, held: null };
  }

  /**
   * Cell by cell: what the walk has not reached yet is veiled.
   *
   * @param {TileSpec} spec
   * @param {Index} index
   */
  isVeiled(spec, index) {
    if (this.cell === null) return this.covered === 2 || (this.covered === 1 && spec.slot === "result");
    const at = flatIndex(this.model.matrices[spec.id], index);
    return spec.slot === "result" && (at > this.cell || (at === this.cell && this.covered > 0));
  }

  /** @param {number} number */
  go(number) {
    if (number !== this.step) this.covered = this.view.predicting && number > this.step ? 2 : 0;
    this.step = clamp(number, 0, this.last);
    if (this.cell !== null) this.cell = 0;
    this.showStep();
  }

  /** @param {number} by */
  walk(by) {
    if (by > 0 && this.covered) {
      this.covered--;
      return this.showStep();
    }
    const cell = this.cell === null ? -1 : this.cell + by;
    if (cell >= 0 && cell < this.cellCount) this.cell = cell;
    else if (this.step + by < 0 || this.step + by > this.last) return this.pause();
    else {
      this.step += by;
      if (this.cell !== null) this.cell = by > 0 ? 0 : this.cellCount - 1;
    }
    this.covered = this.view.predicting && by > 0 ? 2 : 0;
    this.showStep();
  }

  showStep() {
    this.closeBubble();
    this.highlight = noHighlight();
    writeCell(this, null);
    writeView(this);
    this.draw();
    const { matrices } = this.model;
    const spoken = this.cell === null ? this.current.spoken : cellEquation(this.current, matrices, indexAt(matrices[this.current.out], this.cell), this);
    this.live.textContent = `Step ${this.step + 1} of ${this.model.steps.length}. ${spoken}`;
    this.reportSoon();
  }

  toggleCells() {
    this.cell = this.cell === null ? 0 : null;
    this.showStep();
  }

  /**
   * @param {Payload} payload
   * @param {Element} host
   * @param {Post} post
   */
  update(payload, host, post) {
    const before = this.model;
    this.receive(payload, host, post);
    const { rev, step } = payload.cursor;
    if (rev !== this.rev) {
      this.rev = rev;
      this.step = step;
      this.reported = JSON.stringify(this.position);
      if (before && this.cell !== null) this.cell = 0;
      this.origin = {};
    }
    this.step = clamp(this.step, 0, this.last);
    if (this.cell !== null) this.cell = Math.min(this.cell, this.cellCount - 1);
    if (payload.choices) buildChoices(this);
    this.root.classList.toggle("chaptered", Boolean(payload.choices));
    if (!this.bar.querySelector(".legend")) this.bar.append(buildLegend(this.model.parts));
    this.fillList();
    this.draw();
  }

  fillList() {
    if (!this.isStale("list", this.model.steps.map(({ formula, phase }) => [formula, phase]))) return this.markList();
    this.items = [];
    this.list.replaceChildren();
    let phase = "";
    for (const step of this.model.steps) {
      if (step.phase !== phase) this.list.append(el("li", "phase", (phase = step.phase)));
      const note = step.recompute ? "recomputed" : "";
      const button = buttonOf("", mathNode(step.formula), `step ${step.number + 1}: ${step.spoken} ${note}`, () => this.go(step.number));
      if (note) button.append(el("span", "note", note));
      const mark = setAttributes(el("span", "mark"), { "aria-hidden": "true" });
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
      const fed = this.highlight.fed[out];
      const cells = fed ? countCells(this.model.matrices[out], fed) : 0;
      button.classList.toggle("fed", cells > 0);
      button.classList.toggle("changed", this.isAnyChanged(out));
      const words = cells ? `${cells} ${cells === 1 ? "cell" : "cells"}` : "";
      if (mark.textContent !== words) mark.textContent = words; // the same text again would cost a layout
    }
  }

  /** Bring the current equation into view, once it has been painted: asking for places costs a layout. */
  revealCurrent() {
    clearTimeout(this.revealTimer);
    this.revealTimer = setTimeout(() => {
      const item = this.list.querySelector("[aria-current]")?.parentElement;
      if (!item) return;
      const { offsetTop, offsetHeight } = item;
      const { scrollTop, clientHeight } = this.list;
      if (offsetTop < scrollTop + 24 || offsetTop + offsetHeight > scrollTop + clientHeight)
        this.list.scrollTop = offsetTop - clientHeight / 3;
    }, 30);
  }

  draw() {
    if (!(this.room?.width > 0)) return;
    const { matrices, checks, steps } = this.model;
    const step = this.current;
    const sizes = layOutStep(this, step, this.room);
    const focus = focusedCell(this.root);
    if (!this.editing && this.isStale("step", step, sizes, step.tiles.map((t) => matrices[t.id].shape))) this.buildStep(step, sizes);
    for (const tile of this.tiles) placeWindow(this, tile);
    paintBadge(this.badge, checks[step.out], checkLine);
    this.scales = scalesOf(step, matrices);
    if (this.highlight.id === null && this.cell !== null) this.pointResult();
    this.repaint();
    this.revealCurrent();
    this.counter.textContent = `${this.step + 1} / ${steps.length}`;
    this.cellButton.setAttribute("aria-pressed", String(this.cell !== null));
    this.cellCounter.textContent = this.cell === null ? "" : `cell ${this.cell + 1} / ${this.cellCount}`;
    if (focus && !this.tiles.includes(focus.tile)) this.restoreFocus(focus);
  }

  /**
   * The line with the equation of a step, and its operands and result.
   *
   * @param {Step} step
   * @param {StepSizes} sizes
   */
  buildStep(step, sizes) {
    this.badge = buttonOf("", "", "", () => openCheckTable(this, step.out));
    const notes = [step.recompute && "recomputed: it was not cached", step.frees.length && `frees ${step.frees.join(", ")}`].filter(Boolean);
    const word = el("span", "word", this.model.matrices[step.out].word);
    this.equation.replaceChildren(mathNode(step.formula, "formula"), word, this.badge, ...notes.map((note) => el("span", "note", `${note}`)));
    this.tiles = step.tiles.map((spec) =>
      buildTile(this, { ...spec, slot: slotOf(spec, step, sizes.stacked) }, this.viewOf(step, spec, sizes)),
    );
    this.field.replaceChildren(productGrid(this.tiles, sizes));
  }

  /**
   * @param {Step} step
   * @param {TileSpec} spec
   * @param {StepSizes} sizes
   * @returns {TileView}
   */
  viewOf(step, spec, sizes) {
    const m = this.model.matrices[spec.id];
    const { rows, cols } = drawnSize(m, spec.turned);
    const { shown, stacked, font } = sizes;
    const upright = ["above", "result"].includes(slotOf(spec, step, stacked));
    const cw = upright ? sizes.cells : widthFor(this, [m], font);
    return { ...sizes, cw, row: 0, col: 0, rows: Math.min(rows, shown?.[spec.rows] ?? rows), cols: Math.min(cols, shown?.[spec.cols] ?? cols) };
  }

  /** Walking with the focus in a matrix: it goes on at the same place. @param {Cell["mlp"]} focus */
  restoreFocus({ tile: { spec }, r, c }) {
    const tile = this.tiles.find((t) => t.spec.slot === spec.slot) ?? this.tiles[this.tiles.length - 1];
    (findCell(tile, r, c) ?? tile.cells[0]).focus({ preventScroll: true });
  }

  /** Only values and marks: after an edit, a hover, a new payload of the same shape. */
  repaint() {
    for (const tile of this.tiles) paintTile(this, tile, this.scales[tile.spec.id]);
    this.updateReader();
    this.picture.update();
    this.markList();
  }

  /**
   * What a cell of this step comes from (a result) or feeds (an operand).
   *
   * @param {Place} place
   * @returns {CellHighlight}
   */
  trace({ of, index }) {
    if (of === this.current.out) return { id: of, index, from: provenance(this.current, index), fed: {} };
    return { id: of, index, from: {}, fed: influence(this.model.steps, of, index) };
  }

  updateReader() {
    const { matrices } = this.model;
    const { id, index, fed } = this.highlight;
    if (id === null) {
      this.reader.replaceChildren(mathNode(this.current.index), el("span", "hint", `${POINT_VERB} a cell${TOUCH ? "" : ", or press Tab and the arrow keys,"} to see its numbers.`));
      return;
    }
    if (id === this.current.out) {
      const equation = cellEquation(this.current, matrices, index, this);
      const asked = this.covered === 2 ? "" : `${equation.slice(0, equation.lastIndexOf("=") + 1)} ?`;
      const numbers = numbersNode(this.covered ? asked : equation);
      this.reader.replaceChildren(mathNode(this.current.index), numbers, ...(this.covered ? [] : meaningNodes(this, id, index)));
      return;
    }
    this.reader.replaceChildren(numbersNode(originText(this, id, index)), ...meaningNodes(this, id, index, fed));
  }

  /**
   * @param {Tile} tile
   * @param {number} down
   * @param {number} across
   */
  nextTile({ spec }, down, across) {
    const order = across ? ["left", "result", "right"] : ["above", "result"];
    const at = order.indexOf(`${spec.slot}`);
    return at < 0 ? undefined : this.tiles.find((tile) => tile.spec.slot === order[at + down + across]);
  }
}
