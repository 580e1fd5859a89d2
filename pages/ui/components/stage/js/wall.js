// The wall: the whole pass as one picture. Layers stand from left to right; from above down what is given, the
// forward pass, the backward pass and the update. Every matrix opens its step.

import { el } from "../../shared/dom.js";
import { growth } from "../../shared/style.js";
import { scaleOf } from "./colour-scale.js";
import { buildLegend, decimalsBox, viewMenu } from "./controls.js";
import { buildDoors, doorsAreOpen, listenForDoors } from "./doors.js";
import { LEAST, SCROLLBAR, fitType, longestNumber, sizesOf } from "./layout.js";
import { buildTile, paintTile } from "./matrix-table.js";
import { NetworkPicture } from "./network-picture.js";
import { influence, provenance } from "./provenance.js";
import { POINT_VERB, Stage, TOUCH } from "./stage.js";
import { meaningNodes, numbersNode, originText } from "./step-view.js";

/** @typedef {{ sizes: Sizes, width: number, phone: boolean, part: boolean }} Layout */

export class Wall extends Stage {
  /** @type {Record<string, number>} the largest size in each matrix */
  scales;

  /** @param {HTMLElement} root */
  constructor(root) {
    super(root);
    this.cards = el("div", "cards");
    this.reader = el("div", "reader");
    this.topic = el("p", "about hint");
    this.picture = new NetworkPicture(this);
    this.bar = el("div", "bar", decimalsBox(this), viewMenu(this));
    this.doors = buildDoors(this);
    listenForDoors(this);
    root.replaceChildren(this.topic, this.reader, this.bar, this.picture.node, this.cards);
    this.observeSize(root, () => this.model && this.draw());
  }

  /**
   * @param {Payload} payload
   * @param {Element} host
   * @param {Post} post
   */
  update(payload, host, post) {
    this.receive(payload, host, post);
    this.scales = Object.fromEntries(Object.values(this.model.matrices).map((m) => [m.id, scaleOf([m])]));
    if (!this.bar.querySelector(".legend")) this.bar.append(buildLegend(this.model.parts));
    this.draw();
  }

  /**
   * The largest type at which all layers fit on the screen, side by side or in lines, below the network's nodes and
   * edges if they can. Where they do not, the picture scrolls: the largest at which each layer, or else each matrix,
   * fits across it; the least where not even that, and then large matrices are drawn in part.
   */
  measure() {
    const { matrices } = this.model;
    const phone = innerWidth <= 760;
    const width = this.root.clientWidth - 8 - (this.view.presenting ? 24 : 0);
    const room = innerHeight - (this.view.presenting ? 138 : AROUND) * growth();
    const beside = this.picture.node.offsetHeight;
    const comfortable = COMFORTABLE * (phone ? 1 : Math.max(1, Math.min(innerWidth / 1280, innerHeight / 720)));
    const ems = longestNumber(Object.values(matrices), this.digits, this.cut);
    /** @param {Sizes} sizes */
    const linesOf = (sizes) => this.linesOf({ sizes, width, phone, part: false });
    /** @type {(height: number) => (sizes: Sizes) => boolean} */
    const fitsIn = (height) => (sizes) => {
      const lines = linesOf(sizes);
      return lines.every((line) => line.width <= width) && sum(lines.map((line) => line.height)) <= Math.max(260, height);
    };
    const whole = [...(beside ? [fitsIn(room - beside)] : []), fitsIn(room)];
    /** @type {((sizes: Sizes) => boolean)[]} */
    const [across, alone] = [
      (sizes) => sizes.font <= comfortable && linesOf(sizes).every((line) => line.width <= width),
      (sizes) => sizes.font <= comfortable && Object.values(matrices).every((m) => widthAlone(m, sizes) <= width),
    ];
    for (const rule of phone ? [alone] : [...whole, across, alone]) {
      const sizes = fitType(ems, rule);
      if (rule(sizes)) return { sizes, width, phone, part: !phone && !whole.includes(rule) };
    }
    return { sizes: sizesOf(LEAST, ems), width, phone, part: true };
  }

  /**
   * How much of a matrix is drawn.
   *
   * @param {Matrix} m
   * @param {number} tiles that stand beside each other
   * @param {Layout} layout
   */
  shownOf(m, tiles, { sizes, width, phone, part }) {
    const { rows, cols } = m;
    if (!part) return { rows, cols };
    // What is whole on a line of its own gets one.
    if (widthAlone(m, sizes) <= width) return { rows: Math.min(rows, WALL_ROWS), cols };
    const room = phone ? width : (width - BETWEEN) / tiles;
    const most = Math.floor((room - FRAME - 8 - 2 * sizes.number - SCROLLBAR) / sizes.cw);
    return { rows: Math.min(rows, WALL_ROWS), cols: Math.min(cols, Math.max(2, most)) };
  }

  /**
   * The cards, in lines of the width there is.
   *
   * @param {Layout} layout
   */
  linesOf(layout) {
    const { matrices, cards } = this.model;
    const { cw, ch, caption, name } = layout.sizes;
    /** @type {{ cards: Card[], width: number, height: number, rows: number[] }[]} */
    const lines = [];
    for (const card of cards) {
      const shown = card.rows.map((row) => row.map((id) => this.shownOf(matrices[id], row.length, layout)));
      const heights = shown.map((row) => Math.max(0, ...row.map((m) => m.rows * ch + caption + FRAME)));
      const wide = Math.max(0, ...shown.map((row) => sum(row.map((m) => Math.max(m.cols * cw, 1.2 * name + 46) + FRAME + 8)))) + BETWEEN;
      let line = lines[lines.length - 1];
      if (!line || line.width + wide > layout.width) lines.push((line = { cards: [], width: 0, height: 0, rows: heights.map(() => 0) }));
      line.cards.push(card);
      line.width += wide;
      line.rows = line.rows.map((high, r) => Math.max(high, heights[r]));
      line.height = sum(line.rows) + TITLE;
    }
    return lines;
  }

  draw() {
    if (!this.root.clientWidth) return;
    const narrow = innerWidth <= 760;
    this.topic.replaceChildren(...(narrow && this.showsDoors ? [this.doors] : [el("div", "", this.model.look), el("div", "", this.about)]));
    this.picture.update(); // it takes room from the matrices
    const layout = this.measure();
    const { matrices, cards } = this.model;
    if (!this.editing && this.isStale("cards", cards, layout, Object.values(matrices).map((m) => m.shape))) {
      this.tiles = [];
      const lines = this.linesOf(layout);
      this.cards.replaceChildren(...lines.map((line) => el("div", "flow", ...line.cards.map((card) => this.card(card, layout)))));
    }
    this.repaint();
  }

  /**
   * @param {Card} card
   * @param {Layout} layout
   */
  card(card, layout) {
    const rows = card.rows.map((row, phase) => el("div", `phase ${PHASES[phase]}`, ...row.map((id) => {
      const m = this.model.matrices[id];
      const step = this.model.maker[id];
      const spec = { id, of: id, slot: "wall", rows: "", cols: "", open: this.readOnly ? undefined : step && (() => this.open(step.number)) };
      const tile = buildTile(this, spec, { row: 0, col: 0, ...layout.sizes, ...this.shownOf(m, row.length, layout) });
      this.tiles.push(tile);
      return tile.node;
    })));
    return el("section", "card", el("h2", "", card.title), ...rows);
  }

  /** @param {number} number */
  open(number) {
    this.post("open", { step: number, at: Date.now() });
  }

  repaint() {
    this.picture.update();
    for (const tile of this.tiles) paintTile(this, tile, this.scales[tile.spec.id]);
    this.updateReader();
  }

  /**
   * @param {Place} place
   * @returns {CellHighlight}
   */
  trace({ of, index }) {
    const step = this.model.maker[of];
    return { id: of, index, from: step ? provenance(step, index) : {}, fed: influence(this.model.steps, of, index) };
  }

  /** Whether nothing here can be changed: a step of a training that is looked at. */
  get readOnly() {
    return !Object.values(this.model.matrices).some((m) => m.editable);
  }

  /** What the number beside a gradient is, where there is one. */
  get about() {
    return Object.keys(this.model.checks).length && !this.readOnly ? "Beside a gradient: the max. relative error of its gradient check." : "";
  }

  /** Whether to say what this is: not beside a training. */
  get showsDoors() {
    return !this.readOnly && doorsAreOpen();
  }

  updateReader() {
    const { id, index, fed } = this.highlight;
    if (id !== null) return this.reader.replaceChildren(numbersNode(originText(this, id, index)), ...meaningNodes(this, id, index, fed));
    if (this.showsDoors && innerWidth > 760) {
      // Put in again under the pointer, they would miss its click.
      if (this.doors.parentNode !== this.reader) this.reader.replaceChildren(this.doors);
      return;
    }
    const change = TOUCH ? "double-tap it, or drag it sideways" : "type, paste or drag sideways";
    const edit = this.readOnly ? "" : `Change any number in a solid frame: ${change}. `;
    const hint = `${edit}${POINT_VERB} a cell to see what made it and what it feeds. `;
    const about = el("span", "about", (this.readOnly ? "" : "Click a matrix name to open its step. ") + this.about);
    this.reader.replaceChildren(el("span", "look about", this.model.look), el("span", "hint", hint, about));
  }
}

const PHASES = ["given", "forward", "backward", "update"];
const COMFORTABLE = 14; // px of type at 1280x720 in a picture that scrolls
const WALL_ROWS = 10; // of a matrix that is drawn in part
const FRAME = 6;
const BETWEEN = 18; // two layers
const TITLE = 26; // of a layer
const AROUND = 258; // of the window's height: controls, reader, the foot of the page

/** The width of a matrix with all its columns, and with bars where not all its rows are drawn. @type {(m: Matrix, sizes: Sizes) => number} */
const widthAlone = ({ rows, cols }, { cw, number }) => cols * cw + FRAME + (rows > WALL_ROWS ? 8 + 2 * number + SCROLLBAR : 0);

/** @param {number[]} numbers */
const sum = (numbers) => numbers.reduce((a, b) => a + b, 0);
