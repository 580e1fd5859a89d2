// The wall: the whole pass at a glance, a card a layer, every matrix opening its step.

import { el } from "../../shared/dom.js";
import { chooseDigits } from "./cell-size.js";
import { scaleOf } from "./colour-scale.js";
import { decimalsBox } from "./controls.js";
import { buildTile, paintTile } from "./matrix-table.js";
import { influence, provenance } from "./provenance.js";
import { POINT_VERB, Stage, TOUCH, cellAtEvent } from "./stage.js";
import { originNodes } from "./step-view.js";
import { feedsWords } from "./wording.js";

export class Wall extends Stage {
  /** @type {Record<string, number>} the largest size in each matrix */
  scales;
  cardsSignature = "";

  /** @param {HTMLElement} root */
  constructor(root) {
    super(root);
    this.cards = el("div", "cards");
    this.reader = el("div", "reader");
    this.decimals = decimalsBox(this);
    this.topic = el("p", "about hint");
    root.replaceChildren(this.topic, this.reader, this.cards);
    root.onkeydown = (event) => {
      const cell = cellAtEvent(event);
      if (event.ctrlKey || event.metaKey || event.altKey) return;
      this.closeBubble();
      if (!cell || cell.querySelector("input")) return;
      if (this.cellKey(event, cell)) {
        event.preventDefault();
        event.stopPropagation();
      }
    };
    this.resizeObserver = new ResizeObserver(() => this.model && this.draw());
    this.resizeObserver.observe(root);
  }

  destroy() {
    super.destroy();
    this.resizeObserver.disconnect();
  }

  /**
   * @param {Payload} payload
   * @param {Element} host
   * @param {Post} post
   */
  update(payload, host, post) {
    this.receive(payload, host, post);
    this.scales = Object.fromEntries(Object.values(this.model.matrices).map((m) => [m.id, scaleOf([m])]));
    this.topic.replaceChildren(el("div", "", this.model.look), el("div", "", ABOUT));
    this.draw();
  }

  /** One width of cell for the whole wall: the largest at which all cards fit on the screen. */
  measure() {
    const { matrices, cards } = this.model;
    const width = this.root.clientWidth;
    const room = Math.max(360, innerHeight - 140);
    const sizes = cards.map((card) => {
      const rows = card.rows.map((row) => row.flatMap((id) => (id ? [wallExtent(matrices[id])] : [])));
      /** @type {(row: ReturnType<typeof wallExtent>[], side: "rows" | "cols") => number} */
      const sum = (row, side) => row.reduce((n, m) => n + m[side], 0);
      return {
        cells: Math.max(...rows.map((row) => sum(row, "cols"))),
        tiles: Math.max(...rows.map((row) => row.length)),
        high: rows.reduce((n, row) => n + Math.max(...row.map((m) => m.rows)), 0),
        lines: rows.length,
      };
    });
    // On a phone the tiles of a card flow, so the widest tile decides; else the widest card.
    const phone = width < 640;
    const tiles = phone ? 1 : Math.max(...sizes.map((s) => s.tiles));
    const widest = phone ? Math.max(...Object.values(matrices).map((m) => wallExtent(m).cols)) : Math.max(...sizes.map((s) => s.cells));
    const most = Math.min(phone ? 58 : 66, Math.floor((width - 20 * tiles) / widest));
    let cw = most;
    const least = Math.max(14, Math.min(40, most));
    while (!phone && cw > least && stackHeight(sizes, cw, width) > room) cw--;
    const full = this.sized(cw, Object.values(matrices));
    if (phone || stackHeight(sizes, cw, width) <= 2.2 * room) return { editable: full, made: full };
    // Far too much for one screen: what is computed shrinks to a heatmap, what is typed stays legible.
    const typed = Object.values(matrices).filter((m) => m.editable);
    const columns = Math.max(...typed.map((m) => wallExtent(m).cols));
    const legible = this.sized(Math.min(46, Math.floor((width - 40) / columns)), typed);
    return { editable: legible, made: { cw: 16, ch: 14, digits: 0, font: 9 } };
  }

  /**
   * @param {number} cw
   * @param {Matrix[]} matrices
   */
  sized(cw, matrices) {
    const ch = Math.max(14, Math.min(24, cw));
    return { cw, ch, ...chooseDigits(this, matrices, cw, ch, 10) };
  }

  draw() {
    if (!this.root.clientWidth) return;
    const sizes = this.measure();
    const { matrices, cards } = this.model;
    const signature = JSON.stringify([cards, sizes, Object.values(matrices).map((m) => m.shape)]);
    if (signature !== this.cardsSignature && !this.editing) {
      this.cardsSignature = signature;
      this.tiles = [];
      this.cards.replaceChildren(...cards.map((card) => this.card(card, sizes)));
    }
    this.repaint();
  }

  /**
   * @param {Card} card
   * @param {ReturnType<Wall["measure"]>} sizes
   */
  card(card, sizes) {
    const columns = Math.max(...card.rows.map((row) => row.length));
    const used = [...Array(columns).keys()].filter((c) => card.rows.some((row) => row[c]));
    const grid = el("div", "grid");
    grid.style.gridTemplateColumns = `repeat(${used.length}, max-content)`;
    for (const id of card.rows.flatMap((row) => used.map((c) => row[c]))) {
      if (!id) {
        grid.append(el("span"));
        continue;
      }
      const m = this.model.matrices[id];
      const step = this.model.maker[id];
      const spec = { id, of: id, slot: "wall", rows: "", cols: "", open: step && (() => this.open(step.number)) };
      const size = m.editable || m.data.length <= 24 ? sizes.editable : sizes.made;
      const tile = buildTile(this, spec, { row: 0, col: 0, ...wallExtent(m), ...size });
      this.tiles.push(tile);
      grid.append(tile.node);
    }
    const head = el("div", "top", el("h3", "", card.title), ...(card === this.model.cards[0] ? [this.decimals] : []));
    return el("section", "card", head, grid);
  }

  /** @param {number} number */
  open(number) {
    this.post("open", { step: number, at: Date.now() });
  }

  repaint() {
    for (const tile of this.tiles) paintTile(this, tile, this.scales[tile.spec.id]);
    this.updateReader();
  }

  /**
   * @param {CellData} cell
   * @returns {CellHighlight}
   */
  trace({ of, index }) {
    const step = this.model.maker[of];
    return { id: of, index, from: step ? provenance(step, index) : {}, fed: influence(this.model.steps, of, index) };
  }

  updateReader() {
    const { id, index, fed } = this.highlight;
    if (id !== null) {
      const feeds = el("span", "hint", feedsWords(this.model, fed));
      this.reader.replaceChildren(...originNodes(this, id, index), feeds);
      return;
    }
    const change = TOUCH ? "double-tap it, or drag it sideways" : "type, paste or drag sideways";
    const hint = `Change any number in a solid frame: ${change}. ${POINT_VERB} a cell to see what made it and what it feeds. `;
    const about = el("span", "about", ABOUT);
    this.reader.replaceChildren(el("span", "look about", this.model.look), el("span", "hint", hint, about));
  }
}

const ABOUT = "Click a matrix name to open its step. \u2713 gradient check: max. relative error, cells compared.";
const WALL_CELLS = 16; // along an axis; the step shows the rest

/** @param {Matrix} matrix */
function wallExtent(matrix) {
  return { rows: Math.min(matrix.rows, WALL_CELLS), cols: Math.min(matrix.cols, WALL_CELLS) };
}

/**
 * How high the cards stand when they flow into lines of this width.
 *
 * @param {CardSize[]} sizes
 * @param {number} cw
 * @param {number} width
 */
function stackHeight(sizes, cw, width) {
  let total = 0;
  let [across, high] = [0, 0];
  for (const s of sizes) {
    const [w, h] = [s.cells * cw + s.tiles * 20, s.high * 24 + s.lines * 40 + 20];
    if (across && across + w > width) [total, across, high] = [total + high + 12, 0, 0];
    across += w + 26;
    high = Math.max(high, h);
  }
  return total + high;
}
