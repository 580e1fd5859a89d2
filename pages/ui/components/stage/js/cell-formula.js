// The formula of one cell with numbers in it.

import { MINUS, formatNumber, matrixStyle } from "./number-format.js";
import { flatIndex } from "./payload.js";
import { bindLetters, firstExample } from "./provenance.js";
import { indexText } from "./wording.js";

const LONGEST_SUM = 8;

/**
 * The formula of one cell with numbers in place of symbols; the twin of `mlpcore.equations.cells.numbers`.
 *
 * @param {Step} step
 * @param {Matrices} matrices
 * @param {Index} index
 * @param {(x: number, id: string) => string} form writes a number of a matrix
 * @param {boolean} applied an operand that is read through a function shows the function's value
 */
export function cellFormula(step, matrices, index, form, applied = false) {
  const operands = step.operands.map((id) => matrices[id]);
  /** @type {Record<string, number>} */
  const size = {};
  step.reads.forEach((letters, k) => [...letters].forEach((a, axis) => (size[a] = operands[k].shape[axis])));

  /** @param {string} letters */
  const places = (letters) =>
    [...letters].reduce(
      (found, a) => found.flatMap((at) => Array.from({ length: size[a] }, (_, i) => ({ ...at, [a]: i }))),
      /** @type {Letters[]} */ ([{}]),
    );
  /** @type {(number: string, out: string) => string} */
  const bracketed = (number, out) =>
    /^[-\u2212]/.test(number) && out && !/[(=]$/.test(out) ? `(${number})` : number;

  /** @type {(tree: FormulaNode[], at: Letters, out?: string) => string} */
  function write(tree, at, out = "") {
    for (const node of tree) {
      if (typeof node === "string") out += node;
      else if (node[0] === "size") out += size[node[1]];
      else if (node[0] === "ref") {
        const [, k, letters, viewed] = node;
        const number = form(valueAt(operands[k], letters, at), step.operands[k]);
        if (!viewed) out += bracketed(number, out);
        else if (!applied) out += `${step.views[k].name}(${number})`;
        else out += bracketed(form(valueAt(matrices[step.views[k].id], letters, at), step.views[k].id), out);
      } else {
        const [kind, letters, body] = node;
        const all = places(letters);
        const isZero = all.length > LONGEST_SUM ? zeroTermTest(body, operands, at) : () => false;
        const some = all.filter((place) => !isZero(place));
        const left = some.length ? some : all;
        const shown = left.length <= LONGEST_SUM ? left : [...left.slice(0, LONGEST_SUM - 1), ...left.slice(-1)];
        const join = kind === "sum" ? " + " : ", ";
        if (kind === "max") out += "max(";
        shown.forEach((place, n) => {
          if (n && n === shown.length - 1 && shown.length < left.length)
            out += `${join}\u2026 ${left.length - shown.length} more \u2026`;
          out = write(body, { ...at, ...place }, n ? `${out}${join}` : out);
        });
        if (left.length < all.length) out += ` + ${all.length - left.length} zero term${all.length - left.length > 1 ? "s" : ""}`;
        if (kind === "max") out += ")";
      }
    }
    return out;
  }
  return write(step.cell, bindLetters(step.makes, index, firstExample(step)));
}

/**
 * The terms of a cell that is one sum of products, each named by what is summed over.
 *
 * @param {Step} step
 * @param {Matrices} matrices
 * @param {Index} index
 * @returns {{ name: string, value: number }[]} none where the cell is something else
 */
export function sumTerms({ cell, makes, operands, reads, views, examples }, matrices, index) {
  const sums = cell.filter((node) => node[0] === "sum");
  const [, letter, body] = /** @type {["sum", string, FormulaNode[]]} */ (sums[0] ?? ["sum", "", []]);
  const factors = body.flatMap((node) => (typeof node !== "string" && node[0] === "ref" ? [node] : []));
  if (sums.length !== 1 || letter.length !== 1 || body.some((node) => node !== "\u00b7" && node[0] !== "ref")) return [];
  const k = reads.findIndex((letters) => letters.includes(letter));
  const bound = bindLetters(makes, index, examples?.[0] ?? 0);
  return Array.from({ length: matrices[operands[k]].shape[reads[k].indexOf(letter)] }, (_, i) => ({
    name: `${letter === "n" ? "example" : "unit"} ${i + 1}`,
    value: factors.reduce((product, [, at, letters, viewed]) => product * valueAt(matrices[viewed ? views[at].id : operands[at]], letters, { ...bound, [letter]: i }), 1),
  }));
}

/** @type {(matrix: Matrix, letters: string, at: Letters) => number} */
function valueAt(matrix, letters, at) {
  return matrix.data[flatIndex(matrix, [...letters].map((a) => Number(at[a])))];
}

/**
 * Whether a term of a long sum of products has a factor that is exactly 0, so that it need not be written.
 *
 * @param {FormulaNode[]} body
 * @param {Matrix[]} operands
 * @param {Letters} at
 * @returns {(place: Letters) => boolean}
 */
function zeroTermTest(body, operands, at) {
  const factors = body.flatMap((node) => (typeof node !== "string" && node[0] === "ref" && !node[3] ? [node] : []));
  if (factors.length + body.filter((node) => node === "\u00b7").length < body.length) return () => false;
  return (place) => factors.some(([, k, letters]) => valueAt(operands[k], letters, { ...at, ...place }) === 0);
}

/**
 * One cell of an operand that is read through a function, `relu'(S_1)[1, 3] = relu'(\u22120.4420) = 0`; or nothing.
 *
 * @param {Model} model
 * @param {string | undefined} id of the view
 * @param {Index} index
 * @param {{ digits: number, cut: string }} chosen decimals
 */
export function viewEquation({ steps, matrices }, id, index, { digits, cut }) {
  for (const step of steps) {
    for (const [k, view] of Object.entries(step.views)) {
      if (view.id !== id) continue;
      const read = step.operands[Number(k)];
      const [from, to] = [read, id].map((name) => {
        const matrix = matrices[name];
        return formatNumber(matrix.data[flatIndex(matrix, index)], matrixStyle(matrix.data, digits, cut, read));
      });
      return `${matrices[id].text}${indexText(index)} = ${view.name}(${from}) = ${to}`;
    }
  }
  return "";
}

/**
 * Symbol, formula, numbers and value of one cell, as one line of text.
 *
 * @param {Step} step
 * @param {Matrices} matrices
 * @param {Index} index
 * @param {{ digits: number, cut: string }} chosen decimals: those of the cells, so that a number reads the same
 */
export function cellEquation(step, matrices, index, { digits, cut }) {
  const result = matrices[step.out];
  /** @type {Record<string, NumberStyle>} */
  const styles = {};
  /** @type {(x: number, id: string) => string} */
  const form = (x, id) => formatNumber(x, (styles[id] ??= matrixStyle(matrices[id].data, digits, cut, id)));
  const value = form(result.data[flatIndex(result, index)], step.out);
  /** @param {boolean} applied */
  const written = (applied) => cellFormula(step, matrices, index, form, applied).replace(/(^|\s)-(?=[\s({\dl])/g, `$1${MINUS}`);
  const parts = [`${result.text}${indexText(index)}`, written(false)];
  if (Object.keys(step.views).length) parts.push(written(true));
  return [...parts.filter((p, i) => i === 0 || p !== value), value].join(" = ");
}
