// Arrows from line to line of a derivation: from the part of a line that is rewritten to what it becomes in the next.

import { svgElement } from "../../shared/dom.js";

const GUTTER = 9; // px from the left edge of the lines

export const buildArrows = () => svgElement("svg", { class: "arrows", "aria-hidden": "true" });

/** @param {Element[]} run */
const textOf = (run) => run.map((node) => node.textContent).join("").replace(/\s/g, "");

/** The two sides of an equation. @param {Element} formula */
function sidesOf(formula) {
  const all = [...(formula.querySelector("mrow")?.children ?? [])];
  const sign = all.findIndex((node) => ["=", "\u2260"].includes(textOf([node])));
  return { left: all.slice(0, sign), right: all.slice(sign + 1) };
}

/**
 * Where a text stands among some siblings or within one of them.
 *
 * @param {Element[]} run
 * @param {string} text
 * @returns {Element[] | undefined}
 */
function findRun(run, text) {
  for (let from = 0; from < run.length; from++) {
    const ends = textOf([run[from]]) ? run.map((_, to) => to + 1).slice(from) : []; // a space begins no part
    const end = ends.find((to) => textOf(run.slice(from, to)) === text);
    if (end) return run.slice(from, end);
  }
  for (const node of run) {
    const found = findRun([...node.children], text);
    if (found) return found;
  }
}

/**
 * What differs between two runs, without what both begin and end with.
 *
 * @param {Element[]} a
 * @param {Element[]} b
 */
function changedParts(a, b) {
  const most = Math.min(a.length, b.length) - 1;
  const same = (/** @type {Element} */ x, /** @type {Element} */ y) => textOf([x]) === textOf([y]);
  let [front, back] = [0, 0];
  while (front < most && same(a[front], b[front])) front++;
  while (front + back < most && same(a[a.length - 1 - back], b[b.length - 1 - back])) back++;
  return [a, b].map((run) => run.slice(front, run.length - back));
}

/**
 * For each line but the first: the part of the line above that is rewritten, and what it becomes. A term may be worked
 * out, or named, in a line of its own; that line then stands between the two that the term is replaced in.
 *
 * @param {Element[]} formulas
 */
export function joinLines(formulas) {
  const lines = formulas.map(sidesOf);
  return lines.slice(1).map(({ left, right }, k) => {
    const [above, next] = [lines[k], lines[k + 2]];
    const term = findRun(above.right, textOf(left));
    if (term) return [term, left];
    const named = findRun(right, textOf(above.left));
    if (named) return [above.left, named];
    if (textOf(above.left) === textOf(left)) return changedParts(above.right, right);
    const names = next && textOf(next.left) === textOf(above.left) && findRun(next.right, textOf(left));
    return [names ? changedParts(above.right, next.right)[0] : above.right, right];
  });
}

/** The box around a run, and the edges of its formula. @param {Element[]} run */
function boxOf(run) {
  const boxes = run.map((node) => node.getBoundingClientRect()).filter(({ width }) => width);
  const { top, bottom } = /** @type {Element} */ (run[0].closest("math")).getBoundingClientRect();
  return { from: Math.min(...boxes.map((b) => b.left)), to: Math.max(...boxes.map((b) => b.right)), top, bottom };
}

/**
 * Every arrow runs below the formula, down the gutter, and above the next formula.
 *
 * @param {SVGElement} svg at the origin of the lines
 * @param {ReturnType<typeof joinLines>} joins
 */
export function drawArrows(svg, joins) {
  const { left, top } = svg.getBoundingClientRect();
  svg.replaceChildren(...joins.flatMap((join) => {
    const [a, b] = join.map(boxOf);
    const [low, high, middle] = [a.bottom - top + 4, b.top - top - 7, (b.from + b.to) / 2 - left];
    return [
      ["", `M${a.from - left} ${low}H${GUTTER}V${high}H${b.from - left}`],
      ["part", `M${a.from - left} ${low}H${a.to - left}M${b.from - left} ${high}H${b.to - left}`],
      ["head", `M${middle - 4} ${high}h8l-4 6z`],
    ].map(([name, d]) => svgElement("path", { class: name, d }));
  }));
}
