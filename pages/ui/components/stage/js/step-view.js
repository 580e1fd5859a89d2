// How the matrices of a step stand, and the lines of text about its cells.

import { el } from "../../shared/dom.js";
import { cellEquation, sumTerms, viewEquation } from "./cell-formula.js";
import { formatNumber, matrixStyle, shortestNumber } from "./number-format.js";
import { flatIndex } from "./payload.js";
import { feedsWords, gradientWords, indexText } from "./wording.js";
/** @import { Stage } from "./stage.js" */

/**
 * Left operand left, upper operand above, the result in the corner where they meet.
 *
 * @param {Tile[]} tiles
 * @param {StepSizes} sizes
 */
export function productGrid(tiles, sizes) {
  const slots = Object.fromEntries(["left", "above", "result", "right"].map((s) => [s, el("div", `slot ${s}`)]));
  for (const tile of tiles) slots[tile.spec.slot].append(tile.node);
  const grid = el("div", "product", ...Object.values(slots));
  grid.style.setProperty("--space", `${sizes.space}px`);
  if (sizes.place) {
    grid.style.setProperty("--left", `${sizes.place.left}px`);
    grid.style.setProperty("--top", `${sizes.place.top}px`);
  }
  return grid;
}

/**
 * How a number came about: the formula that made it, or that it was set.
 *
 * @param {Stage} stage
 * @param {string} id
 * @param {Index} index
 */
export function originText(stage, id, index) {
  const { matrices, maker } = stage.model;
  const seen = viewEquation(stage.model, stage.highlight.shown, index, stage);
  if (seen || maker[id]) return seen || cellEquation(maker[id], matrices, index, stage);
  return `${matrices[id].text}${indexText(index)} = ${shortestNumber(stage.edits.value(id, flatIndex(matrices[id], index)))}`;
}

const MOST_TERMS = 8; // of a sum that are drawn as bars

/**
 * What a cell means or feeds, and while it is held what each term adds to it: a bar with its product.
 *
 * @param {Stage} stage
 * @param {string} id
 * @param {Index} index
 * @param {Blocks} [fed]
 */
export function meaningNodes(stage, id, index, fed) {
  const { model, highlight, digits, cut } = stage;
  const { maker, matrices } = model;
  const words = [gradientWords(model, id, index)];
  const feeds = fed ? feedsWords(model, fed) : "";
  const terms = highlight.pinned && highlight.shown === id && maker[id] ? sumTerms(maker[id], matrices, index) : [];
  if (terms.length < 2) return [el("span", "hint", [...words, feeds].filter(Boolean).join(" "))];
  const sorted = terms.toSorted((a, b) => Math.abs(b.value) - Math.abs(a.value));
  const [first, second] = sorted.map(({ value }) => Math.abs(value));
  // Terms that differ by rounding alone are equal.
  if (first - second > 1e-9 * first) {
    words.push(`${sorted[0].name.replace(/^./, (c) => c.toUpperCase())} has the largest term in size.`);
  }
  const style = matrixStyle(matrices[id].data, digits, cut, id);
  const drawn = terms.filter((term) => sorted.indexOf(term) < MOST_TERMS).map(({ name, value }) => {
    const bar = el("i", value < 0 ? "minus" : "");
    bar.style.height = `${(50 * Math.abs(value)) / (first || 1)}%`;
    return el("span", "", el("span", "track", bar), formatNumber(value, style), el("span", "hint", name));
  });
  if (terms.length > MOST_TERMS) words.push(`The ${MOST_TERMS} largest of ${terms.length} are drawn.`);
  return [el("span", "hint", [...words, feeds].filter(Boolean).join(" ")), el("div", "terms", ...drawn)];
}

/** @param {string} text */
export const numbersNode = (text) => el("output", "numbers", text);
