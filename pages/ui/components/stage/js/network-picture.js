// The network as people draw it: units as nodes, weights as edges, the values of one example in the nodes. What is
// pointed at lights up in the matrices, and the other way round.

import { el, setAttributes } from "../../shared/dom.js";
import { scaleOf, shadeCell } from "./colour-scale.js";
import { formatNumber, matrixStyle } from "./number-format.js";
import { flatIndex } from "./payload.js";
import { blockContains, isInside } from "./provenance.js";
import { isCell } from "./matrix-table.js";
import { indexText } from "./wording.js";
/** @import { Stage } from "./stage.js" */

const UNITS = 16; // of a layer that are drawn
const SPACE = "http://www.w3.org/2000/svg";

/**
 * A node is a cell of Z_l, an edge one of W_l.
 *
 * @typedef {{ id: string, index: Index, shape: SVGElement, text?: SVGElement }} Part
 */

/** @type {(tag: string, attributes: Record<string, string | number>) => SVGElement} */
const draw = (tag, attributes) => setAttributes(document.createElementNS(SPACE, tag), attributes);

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
  signature = "";
  words = el("figcaption", "hint");

  /** @param {Stage} stage */
  constructor(stage) {
    this.stage = stage;
    this.node = el("figure", "picture");
    this.node.hidden = true;
  }

  /** Draw it where it is wanted and the shape is another; then bring its numbers up to date. */
  update() {
    const { stage } = this;
    this.node.hidden = !stage.view.picture;
    if (this.node.hidden) return;
    const layers = layersOf(stage.model);
    const signature = JSON.stringify(layers);
    if (signature !== this.signature) {
      this.signature = signature;
      this.build(layers);
    }
    this.paint(layers);
  }

  /** @param {ReturnType<typeof layersOf>} layers */
  build(layers) {
    const counts = [layers[0].inputs, ...layers.map((layer) => layer.units)];
    const high = 34 * Math.min(UNITS, Math.max(...counts));
    /** @type {(l: number, unit: number) => [number, number]} */
    const at = (l, unit) => [50 + 110 * l, high / 2 + 34 * (unit - (Math.min(UNITS, counts[l]) - 1) / 2)];
    const svg = draw("svg", { viewBox: `0 0 ${100 + 110 * layers.length} ${high + 24}`, role: "img" });
    this.parts = [];
    const { example } = layers[0];
    /** @type {(unit: number) => Index} */
    const place = (unit) => (example === 1 ? [unit, this.example] : [this.example, unit]);
    for (const { l, unit } of layers)
      for (let i = 0; i < Math.min(UNITS, counts[l]); i++)
        for (let j = 0; j < Math.min(UNITS, counts[l - 1]); j++) {
          const [[x1, y1], [x2, y2]] = [at(l - 1, j), at(l, i)];
          this.add(svg, { id: `W${l}`, index: unit === 0 ? [i, j] : [j, i], shape: draw("line", { x1, y1, x2, y2 }) });
        }
    counts.forEach((count, l) => {
      for (let i = 0; i < Math.min(UNITS, count); i++) {
        const [cx, cy] = at(l, i);
        const text = draw("text", { x: cx, y: cy + 4, "text-anchor": "middle" });
        this.add(svg, { id: `Z${l}`, index: place(i), shape: draw("rect", { x: cx - 27, y: cy - 13, width: 54, height: 26, rx: 13 }), text });
      }
      if (count > UNITS) svg.append(Object.assign(draw("text", { x: 50 + 110 * l, y: high + 20, "text-anchor": "middle" }), { textContent: `1\u2013${UNITS} of ${count}` }));
    });
    this.node.replaceChildren(this.words, svg);
  }

  /** @param {SVGElement} svg @param {Part} part */
  add(svg, part) {
    const group = draw("g", { class: part.text ? "unit" : "edge" });
    group.append(part.shape, ...(part.text ? [part.text] : []));
    group.onpointerover = () => {
      const cell = this.stage.cellAt(part.id, part.index);
      if (cell && isCell(cell)) this.stage.pointAt(cell);
    };
    svg.append(group);
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
      const m = matrices[part.id];
      if (part.text) part.index[example] = this.example;
      const value = m.data[flatIndex(m, part.index)];
      const scale = scaleOf([m]);
      const { background, ink } = shadeCell(stage.colours, value / scale);
      if (part.text) {
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
      const lit = pointed || (part.text !== undefined && isInside(fed[part.id], part.index));
      part.shape.parentElement?.classList.toggle("lit", lit);
    }
    const text = `The network for example ${this.example + 1} of ${examples}: ${layers[0].inputs} inputs${layers.map((layer) => `, ${layer.units} units in layer ${layer.l}`).join("")}. Blue is positive, orange negative; a wide edge is a large weight.`;
    this.words.textContent = text;
    const edge = this.parts.find((part) => !part.text && id === part.id && blockContains(index, part.index));
    this.node.querySelector("svg")?.setAttribute("aria-label", edge ? `${text} ${matrices[edge.id].text}${indexText(edge.index)} is lit.` : text);
  }
}
