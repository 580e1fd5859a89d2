// The board: a derivation as a few lines of matrices, moved through frame by frame. A frame is a
// cell of a gradient or a piece of a product; it holds some letters, and every matrix whose axes
// carry these letters shows the row, the column or the cell they stand for.

import { activeElement, el, mathNode, setAttributes } from "../../shared/dom.js";
import { growth } from "../../shared/style.js";
import { readCell, writeCell } from "./address.js";
import { cellEquation } from "./cell-formula.js";
import { buildChoices, buildKnob, updateKnob } from "./choices.js";
import { scaleOf } from "./colour-scale.js";
import { buildLegend, buildTransport } from "./controls.js";
import { buildArrows, drawArrows, joinLines } from "./line-arrows.js";
import { LEAST, clamp, fitType, longestNumber, sizesOf, widthFor } from "./layout.js";
import { buildTile, focusedCell, isCell, paintTile, placeWindow } from "./matrix-table.js";
import { drawnSize, flatIndex } from "./payload.js";
import { Playing } from "./playback.js";
import { bindLetters, blockOf, influence, isInside, provenance } from "./provenance.js";
import { POINT_VERB, TOUCH, noHighlight } from "./stage.js";
import { numbersNode, originText } from "./step-view.js";
import { blockWords, feedsWords, indexText } from "./wording.js";

export class Board extends Playing {
  frame = 0;
  event = "pick";
  /** Predict, then reveal: so many lines show their numbers. */
  revealed = this.view.predicting ? 0 : Infinity;
  drawn = 0;
  /** @type {Set<number>} frames that were looked at */
  visited = new Set();
  /** @type {Record<string, number>} */
  scales = {};
  /** @type {ReturnType<Board["buildLine"]>[]} */
  rows = [];
  arrows = buildArrows();
  /** @type {ReturnType<typeof joinLines>} */
  joins = [];

  /** @param {HTMLElement} root */
  constructor(root) {
    super(root);
    this.where = el("span", "where");
    this.slider = setAttributes(el("input", "slider"), { type: "range", min: 0, step: 1, "aria-label": "Frame" });
    this.slider.oninput = () => (this.pause(), this.go(Number(this.slider.value)));
    this.bar = buildTransport(this, "cell", this.slider, this.where);
    this.choices = el("div", "choices");
    this.sheet = el("div", "sheet");
    this.topic = el("p", "about hint");
    this.reader = el("div", "reader");
    this.chapters = el("nav", "chapters");
    this.knob = el("label", "knob");
    const controls = el("div", "controls", this.choices, this.knob, this.bar);
    root.replaceChildren(this.chapters, controls, this.sheet, this.topic, this.reader, this.live);
    this.observeSize(root, () => this.model && this.draw());
    // Once its lines are laid out, and whenever one of them gets another height.
    this.lineObserver = new ResizeObserver(() => drawArrows(this.arrows, this.joins));
  }

  destroy() {
    super.destroy();
    this.lineObserver.disconnect();
  }

  get count() {
    return this.model.frame.sizes.reduce((n, size) => n * size, 1);
  }

  get last() {
    return this.count - 1;
  }

  get atEnd() {
    return this.frame === this.last;
  }

  /**
   * @param {Payload} payload
   * @param {Element} host
   * @param {Post} post
   */
  update(payload, host, post) {
    this.receive(payload, host, post);
    this.root.classList.toggle("bench", payload.arrangement === "bench");
    if (this.isStale("frames", payload.lines.map((l) => l.formula), payload.frame.letters, payload.frame.sizes)) {
      this.visited.clear();
      this.pause();
      this.sheet.scrollTop = 0;
    }
    if (payload.cursor.rev !== this.rev) {
      this.rev = payload.cursor.rev;
      this.frame = payload.cursor.frame;
      this.reported = JSON.stringify(this.position);
    }
    this.frame = Math.min(this.frame, this.last);
    this.bar.classList.toggle("still", this.count === 1);
    this.topic.textContent = payload.frame.legend ?? "";
    buildChoices(this);
    if (!this.chapters.querySelector(".legend")) this.chapters.append(buildLegend(this.model.parts));
    buildKnob(this);
    this.sliceStacks();
    this.draw();
  }

  // --- frames -----------------------------------------------------------------------------

  /**
   * What each letter is held at in a frame.
   *
   * @param {number} frame
   * @returns {Record<string, number>}
   */
  lettersOf(frame) {
    const { letters, sizes } = this.model.frame;
    /** @type {Record<string, number>} */
    const held = {};
    let rest = frame;
    for (let axis = letters.length - 1; axis >= 0; axis--) {
      held[letters[axis]] = rest % sizes[axis];
      rest = Math.floor(rest / sizes[axis]);
    }
    return held;
  }

  /**
   * The frame in which the letters are held so; a letter that is not named at 0.
   *
   * @param {Record<string, number | null>} held
   */
  frameOf(held) {
    const { letters, sizes } = this.model.frame;
    return [...letters].reduce((n, letter, axis) => n * sizes[axis] + (held[letter] ?? 0), 0);
  }

  get held() {
    return this.lettersOf(this.frame);
  }

  get index() {
    return [...this.model.frame.letters].map((letter) => this.held[letter]);
  }

  hasFrame() {
    const [from, many] = this.model.frame.have;
    return this.frame >= from && this.frame < from + many;
  }

  /** Stacks show the slice of the frame; one that was not sent is asked for. */
  sliceStacks() {
    if (!this.hasFrame()) return this.reportPosition();
    this.visited.add(this.frame);
    this.drawn = this.frame;
    const from = this.model.frame.have[0];
    for (const m of Object.values(this.model.matrices)) {
      if (!m.stack) continue;
      m.all ??= m.data;
      const size = m.shape.reduce((n, x) => n * x, 1);
      m.data = m.all.subarray((this.frame - from) * size, (this.frame - from + 1) * size);
    }
  }

  /** @param {number} frame */
  go(frame) {
    this.frame = clamp(frame, 0, this.last);
    this.closeBubble();
    this.highlight = noHighlight();
    this.origin = {};
    writeCell(this, null);
    this.sliceStacks();
    this.draw();
    this.live.textContent = this.frameWords();
    this.reportSoon();
  }

  /** @param {number} by */
  walk(by) {
    if (by > 0 && this.revealed < this.model.lines.length) {
      this.revealed++;
      return this.draw();
    }
    if (this.frame + by < 0 || this.frame + by > this.last) return this.pause();
    if (this.view.predicting) this.revealed = by > 0 ? 0 : Infinity;
    this.go(this.frame + by);
  }

  /** @param {KeyboardEvent} event */
  keys(event) {
    const lines = { ArrowDown: () => this.goToLine(1), ArrowUp: () => this.goToLine(-1) };
    return { ...(this.model.arrangement === "proof" ? lines : {}), ...super.keys(event) };
  }

  /** Move the focus from line to line. @param {number} by */
  goToLine(by) {
    const at = this.rows.findIndex(({ node }) => node === activeElement(this.root));
    this.rows[clamp(at + by, 0, this.rows.length - 1)].node.focus();
  }

  /** @param {Partial<View>} change */
  setView(change) {
    if (change.predicting !== undefined) this.revealed = change.predicting ? 0 : Infinity;
    super.setView(change);
  }

  get position() {
    return { frame: this.frame, rev: this.rev };
  }

  frameWords() {
    const { letters, says } = this.model.frame;
    if (says) return says.replace(/\{(\w)\}/g, (_, letter) => String(this.held[letter] + 1));
    return [...letters].sort().map((letter) => `${letter} = ${this.held[letter] + 1}`).join(", ");
  }

  /**
   * Whether a cell was reached: in order by its first frame, else by any that was looked at.
   *
   * @param {string} fills
   * @param {Index} index
   * @param {string} letters
   */
  isReached(fills, index, letters) {
    const bound = bindLetters(letters, index);
    if (fills === "order") return this.frameOf(bound) <= this.drawn;
    /** @param {Record<string, number>} held */
    const agrees = (held) => Object.entries(held).every(([letter, at]) => !(letter in bound) || bound[letter] === at);
    return [...this.visited].some((frame) => agrees(this.lettersOf(frame)));
  }

  /**
   * @param {TileSpec} spec
   * @param {Index} index
   */
  isVeiled(spec, index) {
    if (spec.only) {
      const bound = bindLetters(spec.letters ?? "", index);
      return Object.entries(this.held).some(([letter, at]) => letter in bound && bound[letter] !== at);
    }
    if (this.view.predicting && this.model.lines.findIndex(({ strip }) => strip?.includes(spec)) >= this.revealed) return true;
    return spec.fills !== undefined && !this.isReached(spec.fills, index, spec.letters ?? "");
  }

  /** What the frame holds lights up; so does what a pointed cell is made of. */
  highlightFrame() {
    if (this.highlight.id !== null) return;
    /** @type {Blocks} */
    const from = {};
    for (const { spec } of this.tiles) {
      const block = blockOf(spec.letters ?? "", this.held);
      if (block.some((x) => x !== null)) from[spec.of] = [block];
    }
    this.highlight = { ...noHighlight(), from };
  }

  // --- pointing ---------------------------------------------------------------------------

  repaint() {
    this.highlightFrame();
    for (const tile of this.tiles) paintTile(this, tile, this.scales[tile.spec.id] ?? 1);
    updateKnob(this);
    this.updateReader();
  }

  /**
   * @param {string} id
   * @param {number} at
   */
  isChanged(id, at) {
    return !this.model.matrices[id].stack && super.isChanged(id, at);
  }

  /**
   * @param {Place} place
   * @returns {CellHighlight}
   */
  trace({ of, index }) {
    const { maker, steps, chain, matrices } = this.model;
    const passed = new Set(chain.map((s) => s.out));
    const all = [...chain, ...steps.filter((s) => !passed.has(s.out))];
    const from = maker[of] ? provenance(maker[of], index) : {};
    return { id: of, index, from, fed: influence(all, of, index, matrices) };
  }

  /** A click or Enter on a cell whose axes carry the frame's letters goes to that frame. @param {Cell} cell */
  pin(cell) {
    const { tile, index } = cell.mlp;
    const { letters } = this.model.frame;
    const at = bindLetters(tile.spec.letters ?? "", index);
    if (!letters || ![...letters].some((letter) => letter in at)) return super.pin(cell);
    cell.focus({ preventScroll: true });
    this.pause();
    this.go(this.frameOf({ ...this.held, ...at }));
    writeCell(this, cell.mlp);
  }

  restoreHeld() {
    const place = readCell(this.model);
    const cell = place && this.cellAt(place.id, place.index);
    if (cell && isCell(cell)) this.pin(cell);
    else super.restoreHeld();
  }

  updateReader() {
    const { matrices, maker, frame, chain } = this.model;
    const { id, index } = this.highlight;
    /** @param {...Node} nodes */
    const say = (...nodes) => this.reader.replaceChildren(...nodes);
    if (id === null) {
      const hint = el("span", "hint", el("span", "about", frame.legend ? `${frame.legend} ` : ""), this.hints());
      const words = el("span", "numbers", frame.says && this.count > 1 ? this.frameWords() : "");
      if (!frame.reads || !this.hasFrame()) return say(...(words.textContent ? [words] : []), hint);
      const m = matrices[frame.reads];
      const at = [...maker[frame.reads].makes].map((letter) => this.held[letter] ?? 0);
      return say(numbersNode(this.nameByFrame(cellEquation(maker[frame.reads], matrices, at, this), m)), hint);
    }
    const m = matrices[id];
    const zero = this.maskReason(m, index) || (m.why === "zero" && m.data[flatIndex(m, index)] === 0 ? this.zeroReason(m, index) : "");
    const text = this.nameByFrame(originText(this, id, index), m, index);
    say(numbersNode(text), el("span", "hint", zero || (m.editable ? feedsWords(this.model, influence(chain, id, index)) : m.word)));
  }

  /** What can be done here. */
  hints() {
    const typed = this.tiles.some(({ spec }) => this.model.matrices[spec.id].editable);
    const moves = this.count > 1;
    return [
      TOUCH && moves ? "Tap a cell: go there, or see what made it." : `${POINT_VERB} a cell: what made it.`,
      !TOUCH && moves && "Click, arrow keys or space: move on.",
      typed && `${TOUCH ? "Double-tap" : "Double-click to type,"} or drag: change a number in a solid frame.`,
    ].filter(Boolean).join(" ");
  }

  /**
   * A number that differs from frame to frame is named by the cell it is about.
   *
   * @param {string} line
   * @param {Matrix} m
   * @param {Index} [index]
   */
  nameByFrame(line, m, index = []) {
    if (!m.stack) return line;
    if (!m.by) return m.shape.length ? line : line.replace(m.text, m.text + indexText(this.index));
    const { matrices } = this.model;
    const name = `\u2202${matrices[m.of ?? ""].text}${indexText(index)}/\u2202${matrices[m.by].text}${indexText(this.index)}`;
    return line.replace(m.text + indexText(index), name);
  }

  /**
   * Why a number does not count: the matrix that it is multiplied with is 0 there.
   *
   * @param {Matrix} m
   * @param {Index} index
   */
  maskReason(m, index) {
    const { matrices, maker } = this.model;
    const struck = m.struck ?? "";
    const mask = matrices[struck];
    if (!mask || mask.data[flatIndex(mask, index)] !== 0) return "";
    return `Not counted, because ${cellEquation(maker[struck], matrices, index, this)}`;
  }

  /**
   * Why a local derivative is zero here: the matrix does not read that cell, or the slope is zero.
   *
   * @param {Matrix} m
   * @param {Index} index
   */
  zeroReason(m, index) {
    const { matrices, chain } = this.model;
    const [by, of] = [matrices[m.by ?? ""], matrices[m.of ?? ""]];
    const reached = influence(chain, by.id, this.index)[of.id];
    const what = `${of.text}${indexText(index)}`;
    if (!isInside(reached, index))
      return `0, because ${what} does not read ${by.text}${indexText(this.index)}: that feeds only ${blockWords(reached[0])} of ${of.text}.`;
    return `0, although ${what} reads ${by.text}${indexText(this.index)}: a factor is zero.`;
  }

  /**
   * @param {Tile} tile
   * @param {number} _down
   * @param {number} across
   */
  nextTile(tile, _down, across) {
    return across ? this.tiles[this.tiles.indexOf(tile) + across] : undefined;
  }

  /** What the frame holds is in the window, until it is moved. @param {Tile} tile */
  windowOrigin(tile) {
    const { rows, cols } = tile.view;
    return this.axesOf(tile).map((axis, n) => this.origin[axis] ?? (this.held[axis] ?? 0) - Math.floor([rows, cols][n] / 2));
  }

  /**
   * The largest type with which every line fits across the board and, on a scene, all fit down it; what is to be read
   * line by line may scroll from line to line, and so may a scene that does not fit at all. Lines are not broken where
   * that costs little. With it, how much of each matrix is drawn.
   */
  measure() {
    const { matrices, lines, arrangement, legible } = this.model;
    const phone = innerWidth <= 760;
    const proof = arrangement === "proof" && this.root.clientWidth > 772;
    const across = (this.root.clientWidth - 24) * (proof ? 0.565 : 1);
    const bench = arrangement === "bench";
    const larger = growth();
    const height = bench ? (this.model.room ?? BENCH_HEIGHT) * Math.max(1, innerHeight / 720) : Math.max(260, this.sheet.clientHeight - 16);
    const comfortable = COMFORTABLE * Math.max(1, Math.min(innerWidth / 1280, innerHeight / 720));
    // Words below the last matrices of what is to be read may scroll.
    const last = lines.findLastIndex((line) => line.strip);
    const measured = lines.filter((line, k) => line.strip || !(bench || (legible && k > last)));
    /** @param {TileSpec} spec */
    const sizeOf = ({ id, turned }) => drawnSize(matrices[id], turned);
    /** @type {(spec: TileSpec, sizes: Sizes) => { rows: number, cols: number }} */
    const shownOf = (spec, sizes) => {
      const { rows, cols } = sizeOf(spec);
      if (spec.small) return { rows, cols };
      const most = { rows: Math.floor((phone ? 300 : height * 0.6) / sizes.ch), cols: Math.floor((across - SIGN_WIDTH - sizes.gap) / this.sideOf(spec, sizes)) };
      return { rows: Math.min(rows, Math.max(4, most.rows)), cols: Math.min(cols, Math.max(2, most.cols)) };
    };
    let scrolls = phone || proof || legible || arrangement === "rungs";
    /** @type {(sizes: Sizes, may: boolean) => boolean} `may`: whether a line may be broken */
    const fits = (sizes, may) => {
      const caption = 1.8 * sizes.name + 42 * larger; // least width of a name and its shape
      let [total, tallest] = [0, 0];
      for (const { strip = [] } of measured) {
        let [row, used] = [0, 0];
        const above = total;
        for (const [n, spec] of strip.entries()) {
          const { rows, cols } = sizeOf(spec);
          const own = this.sideOf(spec, sizes);
          const w = (n && SIGN_WIDTH) + Math.max(cols * own, caption) + sizes.gap - sizes.space;
          if (w > across || (!may && used + w > across)) return false;
          if (used + w > across) [total, row, used] = [total + row, 0, 0];
          [used, row] = [used + w, Math.max(row, rows * Math.min(sizes.ch, own) + sizes.head)];
        }
        total += row + (bench ? 40 : WORDS_HEIGHT) * larger;
        tallest = Math.max(tallest, total - above);
      }
      return total <= height || (scrolls && sizes.font <= comfortable && (phone || tallest <= height));
    };
    const drawn = [...new Set(lines.flatMap((line) => line.strip ?? []).map((spec) => matrices[spec.id]))];
    const ems = longestNumber(drawn, this.digits, this.cut);
    const breaks = arrangement !== "rungs";
    const largest = () => {
      const [whole, broken] = [false, breaks].map((may) => fitType(ems, (sizes) => fits(sizes, may)));
      return whole.font >= broken.font * WHOLE_WORTH && fits(whole, false) ? whole : broken;
    };
    let sizes = largest();
    if (!bench && !fits(sizes, breaks)) {
      scrolls = true;
      sizes = largest();
    }
    const all = fits(sizes, breaks) || sizes.font > LEAST;
    return { ...sizes, proof, shown: lines.map(({ strip = [] }) => strip.map((spec) => (all ? null : shownOf(spec, sizes)))) };
  }

  /**
   * The width of a cell: that of the matrix's longest number; of one that is shown whole, less than that where it is too
   * large for its digits.
   *
   * @param {TileSpec} spec
   * @param {Sizes} sizes
   */
  sideOf({ id, small, turned }, { font }) {
    const m = this.model.matrices[id];
    if (!small) return widthFor(this, [m], font);
    const { rows, cols } = drawnSize(m, turned);
    const most = Math.floor(Math.min((this.root.clientWidth * 0.7) / cols, (this.sheet.clientHeight * 0.8) / (rows * 0.4)));
    return most < sizesOf(LEAST, 3).cw ? clamp(most, 5, 12) : widthFor(this, [m], font);
  }

  draw() {
    if (!this.root.clientWidth) return;
    const sizes = this.measure();
    const { lines, matrices } = this.model;
    const shapes = Object.values(matrices).map((m) => m.shape);
    if (!this.editing && this.isStale("lines", lines.map((l) => [l.formula, l.strip, l.why]), sizes, shapes)) {
      const focus = focusedCell(this.root);
      this.tiles = [];
      this.sheet.className = `sheet ${sizes.proof ? "proof" : "scene"}`;
      this.rows = lines.map((line, n) => this.buildLine(line, sizes, sizes.shown[n]));
      this.sheet.replaceChildren(...this.rows.map((row) => row.node));
      this.lineObserver.disconnect();
      if (sizes.proof) {
        this.sheet.prepend(this.arrows);
        this.joins = joinLines(this.rows.map((row) => row.formula));
        for (const { node } of this.rows) this.lineObserver.observe(node);
      }
      if (focus) this.cellAt(focus.id, focus.index)?.focus({ preventScroll: true });
    }
    for (const tile of this.tiles) placeWindow(this, tile);
    this.scales = this.scalesNow();
    lines.forEach((line, n) => this.updateLine(line, this.rows[n]));
    this.counter.textContent = `${this.frame + 1} / ${this.count}`;
    this.where.textContent = Object.entries(this.held).sort().map(([letter, at]) => `${letter} = ${at + 1}`).join(", ");
    this.slider.max = String(this.last);
    this.slider.value = String(this.frame);
    this.slider.setAttribute("aria-valuetext", this.where.textContent);
    this.repaint();
  }

  /** Every matrix has a scale of its own; what is added up or compared shares one. */
  scalesNow() {
    /** @type {Record<string, Matrix[]>} */
    const groups = {};
    for (const { scale, id } of this.model.lines.flatMap((line) => line.strip ?? [])) {
      (groups[scale ?? id] ??= []).push(this.model.matrices[id]);
    }
    const wholeStack = (/** @type {Matrix} */ { data, all = data }) => ({ data: all });
    this.widest = scaleOf(Object.values(groups).flat().filter((m) => m.shape.length).map(wholeStack));
    return Object.fromEntries(Object.values(groups).flatMap((shown) => {
      const scale = scaleOf(shown.map(wholeStack));
      return shown.map(({ id }) => [id, scale]);
    }));
  }

  /**
   * @param {Line} line
   * @param {ReturnType<Board["measure"]>} sizes
   * @param {({ rows: number, cols: number } | null)[]} windows
   */
  buildLine(line, { proof, shown: _, ...sizes }, windows) {
    const formula = mathNode(line.formula ?? "", "formula");
    const seal = el("span", "badge");
    const why = el("span", "hint", line.why);
    const numbers = line.numbers === false || !line.value ? undefined : el("output", "numbers");
    const strip = el("div", "strip");
    for (const [n, spec] of (line.strip ?? []).entries()) {
      const m = this.model.matrices[spec.id];
      const cw = this.sideOf(spec, sizes);
      const plain = cw < widthFor(this, [m], sizes.font);
      const view = { ...sizes, cw, ...(plain ? { ch: Math.min(cw, sizes.ch), plain } : {}), row: 0, col: 0, ...(windows[n] ?? drawnSize(m, spec.turned)) };
      const tile = buildTile(this, spec, view);
      if (spec.blocks) drawBlockLines(tile, spec.blocks);
      this.tiles.push(tile);
      strip.append(el("div", "piece", el("span", "sign", spec.sign), tile.node));
    }
    const shown = line.strip && strip;
    const parts = proof
      ? [el("div", "left", formula, why), el("div", "right", numbers, shown, seal)]
      : [line.formula || line.why ? el("div", "head", formula, seal, why) : undefined, numbers, shown];
    const node = setAttributes(el("section", "claim", ...parts), { tabindex: -1 });
    return { node, formula, seal, numbers };
  }

  /**
   * What can change from frame to frame and with every edit: the numbers and the seal.
   *
   * @param {Line} line
   * @param {ReturnType<Board["buildLine"]>} row
   */
  updateLine(line, { seal, numbers }) {
    const { matrices, maker } = this.model;
    if (numbers && line.value) {
      const m = matrices[line.value];
      const single = m.shape.length === 0;
      numbers.textContent = single && this.hasFrame() ? this.nameByFrame(cellEquation(maker[line.value], matrices, [], this), m) : "";
      numbers.hidden = !single || this.model.lines.indexOf(line) >= this.revealed;
    }
    const { check } = line;
    seal.hidden = !check;
    if (!check) return;
    const unseen = check.unseen?.includes(this.frame - this.model.frame.have[0]);
    const good = check.holds && check.meant;
    const open = unseen || check.error === "" || (check.holds && !check.meant);
    seal.className = `badge ${open ? "open" : good ? "good" : "bad"}`;
    seal.textContent = unseen ? NOT_COMPARABLE : claimCheckText(check);
    seal.title = /differences/.test(check.against ?? "") ? NUDGE_HINT : "";
  }
}

const SIGN_WIDTH = 34; // what stands between two matrices
const WORDS_HEIGHT = 66; // the words of a line
const BENCH_HEIGHT = 250; // the height of a bench, whose charts need the rest of the screen
const COMFORTABLE = 18; // px of type at 1280x720: lines that may scroll are not set larger than that to fill the width
const WHOLE_WORTH = 0.85; // what the type may shrink to for lines that are not broken
const NOT_COMPARABLE = "\u2013 not comparable here: a preactivation or gap is exactly 0, where both sides differ";
const NUDGE_HINT = "The number is perturbed by \u00b1h, and what follows from it is recomputed.";

/** @param {ClaimCheck} claimcheck */
function claimCheckText({ holds, meant, error, against, verdict, unseen }) {
  if (verdict) return holds ? `\u2713 this is ${against}` : `\u2717 this is not ${against}`;
  if (!meant) return holds ? "here the same: this product does not change" : `\u2717 not the gradient: off by ${error} of its largest entry`;
  if (error === "") return `\u2013 not comparable with ${against}: at a kink, below rounding or out of range`;
  const out = unseen?.length ? `; ${unseen.length} ${unseen.length === 1 ? "cell" : "cells"} not checked: at a kink` : "";
  if (holds) return (error === "0e+00" ? `\u2713 the same as ${against}` : `\u2713 agrees with ${against} to ${error}`) + out;
  return `\u2717 disagrees with ${against}: ${error}`;
}

/**
 * Lines between the blocks of a large matrix.
 *
 * @param {Tile} tile
 * @param {[number, number]} numbernumber
 */
function drawBlockLines(tile, [rows, cols]) {
  for (const cell of tile.cells) {
    const { r, c } = cell.mlp;
    if (r && r % rows === 0) cell.style.borderTop = "2px solid var(--quiet)";
    if (c && c % cols === 0) cell.style.borderLeft = "2px solid var(--quiet)";
  }
}
