// The opened badge: the gradient beside its numerical twin, and the verdict on every cell.

import { buttonOf, el, setAttributes } from "../../shared/dom.js";
import { checkLine } from "./check-badge.js";
import { indexAt } from "./payload.js";
import { indexText } from "./wording.js";
/** @import { Stage } from "./stage.js" */

/** @type {Record<string, [words: string, className: string]>} */
const VERDICTS = { a: ["agrees", "good"], d: ["disagrees", "bad"], n: ["not measurable", "open"], "-": ["not probed", "open"] };
const COLUMNS = ["cell", "backward pass", "numerical", "difference", "estimated error", "step", "verdict"];

/** @param {number | string} x */
function digits(x) {
  return typeof x === "number" ? x.toPrecision(7).replace("-", "\u2212") : "\u2013";
}

/** @param {number | string} x */
function magnitude(x) {
  return typeof x === "number" ? x.toExponential(0).replace("-", "\u2212") : "\u2013";
}

/**
 * One matrix of the two, its cells marked by verdict.
 *
 * @param {string} title
 * @param {Matrix} matrix
 * @param {ArrayLike<number | string>} values
 * @param {string} verdicts
 */
function markedMatrix(title, matrix, values, verdicts) {
  const body = el("tbody");
  for (let r = 0; r < matrix.rows; r++) {
    const line = el("tr");
    for (let c = 0; c < matrix.cols; c++) {
      const at = r * matrix.cols + c;
      line.append(el("td", VERDICTS[verdicts[at]][1], digits(values[at])));
    }
    body.append(line);
  }
  return el("figure", "", el("figcaption", "", title), el("table", "", body));
}

/**
 * Open the check of a gradient.
 *
 * @param {Stage} stage
 * @param {string} id
 */
export function openCheckTable(stage, id) {
  const check = stage.model.checks[id];
  const matrix = stage.model.matrices[id];
  const details = check?.details;
  if (!details || !matrix) return;
  const analytic = matrix.data;
  const head = el("tr", "", ...COLUMNS.map((name) => setAttributes(el("th", "", name), { scope: "col" })));
  const body = el("tbody");
  [...details.verdicts].forEach((letter, at) => {
    const [verdict, className] = VERDICTS[letter];
    const numerical = details.numerical[at];
    const difference = typeof numerical === "number" ? Math.abs(numerical - analytic[at]) : "";
    body.append(el(
      "tr", className,
      el("td", "", matrix.text + indexText(indexAt(matrix, at))), el("td", "", digits(analytic[at])),
      el("td", "", digits(numerical)), el("td", "", magnitude(difference)), el("td", "", magnitude(details.estimate[at])),
      el("td", "", magnitude(details.steps[at])), el("td", "", verdict),
    ));
  });
  const dialog = setAttributes(el("dialog", "check"), { "aria-label": `Gradient check of ${matrix.spoken}` });
  const close = buttonOf("", "Close", "Close", () => dialog.close());
  dialog.append(
    el("header", "", el("span", "", checkLine(check)), close),
    el(
      "div", "pair", markedMatrix(`${matrix.text}, backward pass`, matrix, analytic, details.verdicts),
      markedMatrix("numerical gradient", matrix, details.numerical, details.verdicts),
    ),
    el("table", "cells", el("thead", "", head), body),
  );
  dialog.onkeydown = (event) => event.stopPropagation();
  dialog.onclose = () => dialog.remove();
  stage.root.append(dialog);
  dialog.showModal();
}
