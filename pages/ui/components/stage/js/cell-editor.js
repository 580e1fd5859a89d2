// Editing in a cell: a text field, a paste, a drag sideways.

import { el } from "../../shared/dom.js";
import { isCell } from "./matrix-table.js";
import { exactNumber } from "./number-format.js";
import { hasSeveral, parseNumber } from "./number-parse.js";
import { flatIndex } from "./payload.js";
import { computedWords, spokenPlace } from "./wording.js";
/** @import { Stage } from "./stage.js" */

const NOTCH = 4; // pixels
/** 1/3, 12.5%, 2\u00b710^-3: Python reads it. */
const CALCULATED = /^[-+\u2212]?[\d.]+\s*[/\u2044%\u00b7\u00d7\u22c5*]\s*[-+\u2212\d.^]*$/;

/** @param {Stage} stage @param {Cell} cell */
function shownValue(stage, { mlp: { id, index } }) {
  return stage.edits.value(id, flatIndex(stage.model.matrices[id], index));
}

/**
 * Open a text field in a cell. Typing replaces, Enter and Tab take it, Escape leaves it.
 *
 * @param {Stage} stage
 * @param {Cell} cell
 * @param {string} [typed]
 */
export function openEditor(stage, cell, typed) {
  const { id, index } = cell.mlp;
  const matrix = stage.model.matrices[id];
  if (!matrix?.editable || cell.querySelector("input")) return;
  stage.closeBubble();
  stage.pause();
  const input = el("input");
  input.value = typed ?? exactNumber(shownValue(stage, cell));
  input.inputMode = "text";
  input.setAttribute("aria-label", `${matrix.spoken}, ${spokenPlace(matrix, index)}, new value`);
  cell.replaceChildren(input);
  cell.classList.add("editing");
  stage.editing = true;
  input.focus();
  if (typed === undefined) input.select();
  let done = false;
  /** @type {(take: boolean, move: [number, number] | null) => void} */
  const close = (take, move) => {
    if (done) return;
    done = true;
    const text = input.value;
    cell.mlp.key = null;
    input.remove();
    stage.editing = false;
    const taken = !take || takeNumber(stage, cell, text);
    stage.draw();
    if (!move) return;
    const here = stage.cellAt(id, index) ?? cell; // the table may have been rebuilt
    ((taken && isCell(here) ? stage.move(here, move) : null) ?? here).focus();
  };
  input.onkeydown = (event) => {
    event.stopPropagation();
    if (event.isComposing) return;
    if (event.key === "Enter") close(true, [event.shiftKey ? -1 : 1, 0]);
    else if (event.key === "Tab") close(true, nextInRows(cell, event.shiftKey ? -1 : 1));
    else if (event.key === "Escape") close(false, [0, 0]);
    else return;
    event.preventDefault();
  };
  input.onblur = () => close(true, null);
  input.onpaste = (event) => {
    const text = event.clipboardData?.getData("text") ?? "";
    // What has no separator of cells goes into the field, as if typed.
    if (!hasSeveral(text) || isNumber(text)) return;
    event.preventDefault();
    close(false, [0, 0]);
    pasteInto(stage, cell, text);
  };
}

/** From one end of a row to the other end of the next. @type {(cell: Cell, by: 1 | -1) => Move} */
function nextInRows({ mlp: { tile, c } }, by) {
  return c + by >= 0 && c + by < tile.cols ? [0, by] : [by, by > 0 ? -c : tile.cols - 1 - c];
}

/** @param {string} text */
function isNumber(text) {
  return parseNumber(text).value !== undefined;
}

/**
 * Set a cell to what was typed. Returns whether it is a number, as far as the browser can tell.
 *
 * @param {Stage} stage
 * @param {Cell} cell
 * @param {string} text
 */
function takeNumber(stage, cell, text) {
  const { id, index } = cell.mlp;
  const { value, why } = parseNumber(text);
  if (value === undefined && CALCULATED.test(text.trim())) {
    pasteInto(stage, cell, text.replace(/\s/g, ""));
    return true;
  }
  if (value === undefined) {
    stage.edits.refuse({ id, index, why });
    return false;
  }
  if (value !== shownValue(stage, cell)) {
    stage.edits.stroke++;
    stage.edits.set(id, index, value);
  }
  return true;
}

/**
 * Put a block into a matrix, its first number in this cell; a single number is as if typed.
 *
 * @param {Stage} stage
 * @param {Cell} cell
 * @param {string} text
 */
export function pasteInto(stage, cell, text) {
  const { id, index, tile } = cell.mlp;
  const matrix = stage.model.matrices[id];
  const isOne = isNumber(text);
  // Several numbers for a computed matrix are the learner's result: Python checks them.
  const isOwn = stage.model.checkable?.includes(id) && (!isOne || matrix.data.length === 1);
  if (!matrix.editable && !isOwn) return stage.showMessage(cell, computedWords(matrix));
  stage.closeBubble();
  if (isOne && !isOwn) takeNumber(stage, cell, text);
  else stage.edits.paste({ id, index, turned: Boolean(tile.spec.turned), text, stroke: ++stage.edits.stroke });
}

/**
 * Drag sideways to scrub: a notch is a hundredth of the number's size.
 *
 * @param {Stage} stage
 * @param {Cell} cell
 * @param {PointerEvent} event
 */
export function scrubCell(stage, cell, event) {
  const { id, index } = cell.mlp;
  if (!stage.model.matrices[id].editable || event.button !== 0 || cell.querySelector("input")) return;
  const from = shownValue(stage, cell);
  const notch = 0.01 * 10 ** Math.max(0, Math.floor(Math.log10(Math.abs(from) || 1)));
  let moved = 0;
  stage.edits.stroke++;
  stage.pause();
  stage.scrubbing = true;
  const listening = new AbortController();
  const end = () => {
    stage.scrubbing = false;
    listening.abort();
    stage.scrubbed = moved !== 0;
  };
  /** @param {PointerEvent} e */
  const move = (e) => {
    const notches = Math.trunc((e.clientX - event.clientX) / NOTCH);
    if (notches === moved) return;
    moved = notches;
    cell.classList.add("scrubbing");
    stage.edits.set(id, index, Number((from + notches * notch).toFixed(10)));
  };
  /** @param {KeyboardEvent} e */
  const escape = (e) => {
    if (e.key !== "Escape") return;
    e.stopPropagation();
    if (moved) stage.edits.set(id, index, from);
    end();
  };
  addEventListener("keydown", escape, { capture: true, signal: listening.signal });
  addEventListener("pointermove", move, listening);
  addEventListener("pointerup", end, listening);
  addEventListener("pointercancel", end, listening);
}
