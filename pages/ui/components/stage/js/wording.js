// Cells and blocks in words, for the line below a stage and for a screen reader.

import { shortestNumber } from "./number-format.js";
import { flatIndex } from "./payload.js";

/** @param {Block} index */
export function indexText(index) {
  return index.length ? `[${index.map((i) => Number(i) + 1).join(", ")}]` : "";
}

/**
 * A cell as a screen reader says it, without its value.
 *
 * @param {Matrix} matrix
 * @param {Index} index
 */
export function spokenPlace(matrix, index) {
  if (index.length === 2) return `row ${index[0] + 1}, column ${index[1] + 1}`;
  return index.length === 1 ? `${matrix.row ? "column" : "row"} ${index[0] + 1}` : "";
}

/**
 * @param {Matrix} matrix
 * @param {Index} index
 * @param {string} value
 */
export function spokenCell(matrix, index, value) {
  return [matrix.spoken, spokenPlace(matrix, index), value].filter(Boolean).join(", ");
}

/** A block in words: `row 2`, `column 4`, `all`. @param {Block} block */
export function blockWords(block) {
  if (block.every((x) => x === null)) return block.length ? "every cell" : "";
  if (block[0] === null) return `column ${Number(block[1]) + 1}`;
  if (block[1] === null) return `row ${block[0] + 1}`;
  return indexText(block);
}

/**
 * What a cell feeds, as a chain: parts of matrices first, whole ones together at the end.
 *
 * @param {Model} model
 * @param {Blocks} fed
 */
export function feedsWords({ texts }, fed) {
  const partly = [];
  const wholly = [];
  for (const [id, blocks] of Object.entries(fed)) {
    if (blocks.every((block) => block.every((x) => x === null))) wholly.push(texts[id]);
    else partly.push(`${texts[id]} ${blocks.map(blockWords).join(" and ")}`);
  }
  const parts = [...partly, ...(wholly.length ? [`all of ${wholly.join(", ")}`] : [])];
  return parts.length ? `feeds ${parts.join(" \u2192 ")}` : "feeds nothing further on";
}

/**
 * What a cell of a gradient means, where central differences agree with that gradient.
 *
 * @param {Model} model
 * @param {string} id
 * @param {Index} index
 */
export function gradientWords({ matrices, checks, held }, id, index) {
  const of = matrices[id.replace(/^delta/, "dS").replace(/^d/, "")];
  if (!/^d/.test(id) || !of || checks[id]?.verdict !== "agrees") return "";
  const m = matrices[id];
  /** @type {(x: number, digits: number) => string} */
  const write = (x, digits) => shortestNumber(Number(x.toPrecision(digits)));
  const exact = held?.id === id && String(held.index) === String(index) ? `; exactly ${write(held.change, 6)}` : "";
  return `If ${of.text}${indexText(index)} grows by 0.01, ${matrices.loss.text} changes by about ${write(0.01 * m.data[flatIndex(m, index)], 3)}${exact}.`;
}

/** @param {Matrix} matrix */
export function computedWords(matrix) {
  return `${matrix.text} is computed, not typed: change a matrix in a solid frame and it follows. \u270e beside its name checks your own.`;
}

/** @param {string} text */
export function clipText(text) {
  const line = text.trim();
  return line.length > 24 ? `${line.slice(0, 24)}\u2026` : line;
}
