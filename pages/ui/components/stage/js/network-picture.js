// The network as people draw it: units as nodes, weights or their gradients as edges, the values of one example in the
// nodes. What is pointed at lights up in the matrices, and the other way round.

import { el, svgElement } from "../../shared/dom.js";
import { scaleOf, shadeCell } from "./colour-scale.js";
import { clamp } from "./layout.js";
import { formatNumber, matrixStyle } from "./number-format.js";
import { flatIndex } from "./payload.js";
import { blockContains, isInside } from "./provenance.js";
import { indexText } from "./wording.js";
/** @import { Stage } from "./stage.js" */

const UNITS = 16; // of a layer that are drawn

/**
 * A node is a cell of Z_l, an edge one of W_l.
 *
 * @typedef {{ id: string, layer: number, index: Index, shape: SVGElement, text?: SVGElement }} Part
 */

/** Units and edges of every layer, as the steps read the matrices in the layout in force. @param {Model} model */
export function layersOf({ matrices, maker }) {
  const layers = [];
  for (let l = 1; maker[`S${l}`]; l++) {
    const { operands, reads, makes } = maker[`S${l}`];
    const k = operands.indexOf(`W${l}`);
    const unit = [...reads[k]].findIndex((letter) => makes.includes(letter));
    const example = [...makes].findIndex((letter) => !reads[k].includes(letter));
    const [W, Z] = [matrices[`W${l}`], matrices[`Z${l}`]];
    layers.push({ l, unit, example, inputs: W.shape[1 - unit], units: W.shape[unit], examples: Z.shape[example] });
  }
  return layers;
}

export class NetworkPicture {
  /** @type {Part[]} */
  parts = [];
  example = 0;
  /** @type {number[]} the first unit of each layer that is drawn, where it has more than `UNITS` */
  first = [];
  /** @type {CellHighlight | undefined} what the windows were last moved to */
  followed;
  words = el("figcaption", "hint");

  /** @param {Stage} stage */
  constructor(stage) {
    this.stage = stage;
    this.node = el("figure", "picture");
    this.node.hidden = true;
  }

  /** Draw it where it is wanted and the shape or the window is another; then bring its numbers up to date. */
  update() {
    const { stage } = this;
    const layers = stage.view.picture ? layersOf(stage.model) : [];
    this.node.hidden = !layers.length; // also where it is wanted, and there are logits alone
    if (this.node.hidden) return;
    const counts = [layers[0].inputs, ...layers.map((layer) => layer.units)];
    this.first = counts.map((count, l) => clamp(this.first[l] ?? 0, 0, Math.max(0, count - UNITS)));
    this.showUnit(layers, counts);
    if (stage.isStale("picture", layers, this.first)) this.build(layers, counts);
    this.paint(layers);
  }

  /** Move the window of a layer to the unit that is pointed at. @type {(layers: ReturnType<typeof layersOf>, counts: number[]) => void} */
  showUnit(layers, counts) {
    if (this.followed === this.stage.highlight) return;
    this.followed = this.stage.highlight;
    const { id, index } = this.followed;
    const l = Number(id?.match(/^(?:Z|S|delta|dZ)(\d+)$/)?.[1] ?? -1);
    const unit = index[1 - layers[0].example];
    if (l < 0 || unit === undefined || (unit >= this.first[l] && unit < this.first[l] + UNITS)) return;
    this.first[l] = clamp(unit - UNITS / 2, 0, counts[l] - UNITS);
  }

  /** @param {ReturnType<typeof layersOf>} layers @param {number[]} counts */
  build(layers, counts) {
    const high = 34 * Math.min(UNITS, Math.max(...counts));
    const drawn = counts.map((count, l) => Array.from({ length: Math.min(UNITS, count) }, (_, i) => this.first[l] + i));
    /** @type {(l: number, unit: number) => [number, number]} */
    const at = (l, unit) => [50 + 110 * l, high / 2 + 34 * (unit - this.first[l] - (drawn[l].length - 1) / 2)];
    const svg = svgElement("svg", { viewBox: `0 0 ${100 + 110 * layers.length} ${high + 24}`, role: "img" });
    this.parts = [];
    const { example } = layers[0];
    for (const { l, unit } of layers)
      for (const i of drawn[l])
        for (const j of drawn[l - 1]) {
          const [[x1, y1], [x2, y2]] = [at(l - 1, j), at(l, i)];
          this.add(svg, { id: `W${l}`, layer: l, index: unit === 0 ? [i, j] : [j, i], shape: svgElement("line", { x1, y1, x2, y2 }) });
        }
    counts.forEach((count, l) => {
      const column = svgElement("g", {});
      for (const i of drawn[l]) {
        const [cx, cy] = at(l, i);
        const text = svgElement("text", { x: cx, y: cy + 4, "text-anchor": "middle" });
        const shape = svgElement("rect", { x: cx - 27, y: cy - 13, width: 54, height: 26, rx: 13 });
        this.add(column, { id: `Z${l}`, layer: l, index: example === 1 ? [i, this.example] : [this.example, i], shape, text });
      }
      svg.append(column);
      if (count <= UNITS) return;
      const range = svgElement("text", { x: 50 + 110 * l, y: high + 20, "text-anchor": "middle" });
      range.textContent = `${this.first[l] + 1}\u2013${this.first[l] + UNITS} of ${count}`;
      column.append(range);
      column.onwheel = (event) => {
        event.preventDefault();
        this.first[l] += 2 * Math.sign(event.deltaY);
        this.update();
      };
    });
    this.node.replaceChildren(this.words, svg);
  }

  /** @param {SVGElement} parent @param {Part} part */
  add(parent, part) {
    const group = svgElement("g", { class: part.text ? "unit" : "edge" });
    group.append(part.shape, ...(part.text ? [part.text] : []));
    group.onpointerover = (event) => {
      event.stopPropagation(); // for the stage this is no cell
      const { id, index } = part;
      // A node lights its row of S, Z and delta; these are columns where examples are rows.
      const row = index.map((i, axis) => (axis === layersOf(this.stage.model)[0].example ? null : i));
      const names = ["S", "Z", "delta"].map((kind) => `${kind}${part.layer}`);
      this.stage.pointAt({ id, of: id, index }, part.text && Object.fromEntries(names.map((name) => [name, [row]])));
    };
    parent.append(group);
    this.parts.push(part);
  }

  /** @param {ReturnType<typeof layersOf>} layers */
  paint(layers) {
    const { stage } = this;
    const { matrices } = stage.model;
    const { from, fed, id, index } = stage.highlight;
    const { example, examples } = layers[0];
    if (id?.match(/^(Z|S|delta|dZ)\d+$/) && index.length === 2) this.example = index[example];
    this.example = Math.min(this.example, examples - 1);
    for (const part of this.parts) {
      if (part.text) part.index[example] = this.example;
      const m = matrices[(!part.text && stage.view.gradients && matrices[`d${part.id}`] && `d${part.id}`) || part.id];
      const value = m.data[flatIndex(m, part.index)];
      const scale = scaleOf([m]);
      if (part.text) {
        const { background, ink } = shadeCell(stage.colours, value / scale);
        part.text.textContent = formatNumber(value, matrixStyle(m.data, Math.min(3, stage.digits), "round"));
        part.shape.style.fill = background;
        part.text.style.fill = ink;
      } else {
        part.shape.style.stroke = value < 0 ? "var(--minus)" : "var(--plus)";
        part.shape.style.strokeWidth = `${0.5 + (4.5 * Math.abs(value)) / scale}px`;
      }
      // A node is lit by its row of S and delta as well, an edge by its gradient.
      const same = part.text ? [part.id, part.id.replace("Z", "S"), part.id.replace("Z", "delta")] : [part.id, `d${part.id}`];
      const pointed = same.some((name) => (id === name && blockContains(index, part.index)) || isInside(from[name], part.index));
      const group = part.shape.parentElement;
      group?.classList.toggle("lit", pointed || (part.text !== undefined && isInside(fed[part.id], part.index)));
      group?.classList.toggle("played", part.layer === stage.playedLayer);
    }
    const edges = stage.view.gradients ? "a wide edge is a large gradient" : "a wide edge is a large weight";
    const sizes = layers.map(({ l, units }) => `, ${count(units, "unit")} in layer ${l}`).join("");
    const text = `The network for example ${this.example + 1} of ${examples}: ${count(layers[0].inputs, "input")}${sizes}. Blue is positive, orange negative; ${edges}.`;
    this.words.textContent = text;
    const edge = this.parts.find((part) => !part.text && [part.id, `d${part.id}`].includes(id ?? "") && blockContains(index, part.index));
    this.node.querySelector("svg")?.setAttribute("aria-label", edge ? `${text} ${matrices[id ?? ""].text}${indexText(edge.index)} is lit.` : text);
  }
}

/** @type {(n: number, what: string) => string} */
const count = (n, what) => `${n} ${what}${n === 1 ? "" : "s"}`;
