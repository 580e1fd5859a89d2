// The copy button on a caption, and its menu.

import { copyText } from "../../shared/clipboard.js";
import { buttonOf, el, setAttributes } from "../../shared/dom.js";
import { icon } from "./controls.js";
import { FORMATS } from "./matrix-text.js";
import { cellIndex, flatIndex } from "./payload.js";
/** @import { Stage } from "./stage.js" */

/**
 * The whole matrix as it is drawn, windowed or not: rows of numbers.
 *
 * @param {Stage} stage
 * @param {Tile} tile
 */
function tileRows(stage, tile) {
  const matrix = stage.model.matrices[tile.spec.id];
  return Array.from({ length: tile.rows }, (_row, r) =>
    Array.from({ length: tile.cols }, (_col, c) => stage.edits.value(matrix.id, flatIndex(matrix, cellIndex(matrix, tile.spec.turned, r, c)))),
  );
}

/**
 * The small button on a caption, and its menu.
 *
 * @param {Stage} stage
 * @param {Tile} tile
 * @param {Matrix} matrix
 */
export function copyButton(stage, tile, matrix) {
  const button = buttonOf("copy", icon("copy"), `copy ${matrix.spoken} as text`, (event) => {
    event.stopPropagation();
    openCopyMenu(stage, tile, button);
  });
  return setAttributes(button, { title: "Copy as text, for a program or a spreadsheet", "aria-haspopup": "menu" });
}

/**
 * @param {Stage} stage
 * @param {Tile} tile
 * @param {HTMLElement} button
 */
function openCopyMenu(stage, tile, button) {
  /** @type {[string, () => Promise<void>][]} */
  const items = Object.entries(FORMATS).map(([name, form]) => [
    name,
    async () => {
      const done = await copyText(form(tileRows(stage, tile)), stage.root);
      stage.showToast(done ? `Copied as ${name}.` : "This browser lets no page write to the clipboard.", 2500);
    },
  ]);
  openMenu(stage, "Copy as", items, button);
}

/**
 * Open a menu that arrow keys move in; it closes with a choice or Escape.
 *
 * @param {Stage} stage
 * @param {string} label
 * @param {[string, () => unknown][]} items
 * @param {HTMLElement} owner has the focus afterwards
 */
export function openMenu(stage, label, items, owner) {
  stage.closeBubble();
  const menu = setAttributes(el("div", "bubble menu"), { role: "menu", "aria-label": label });
  const close = () => {
    stage.closeBubble();
    owner.focus();
  };
  const buttons = items.map(([name, choose]) => {
    const item = buttonOf("", name, name, (event) => {
      event.stopPropagation();
      close();
      choose();
    });
    return setAttributes(item, { role: "menuitem" });
  });
  menu.append(...buttons);
  menu.onkeydown = (event) => {
    const at = buttons.findIndex((item) => item === event.target);
    /** @type {Record<string, number>} */
    const targets = { ArrowDown: at + 1, ArrowRight: at + 1, ArrowUp: at - 1, ArrowLeft: at - 1 };
    const to = targets[event.key];
    if (to !== undefined) buttons[(to + buttons.length) % buttons.length].focus();
    else if (event.key === "Escape") close();
    else if (event.key !== "Enter" && event.key !== " " && event.key !== "Tab") return;
    event.stopPropagation();
    if (to !== undefined || event.key === "Escape") event.preventDefault();
  };
  openBelow(stage, menu, owner);
  return menu;
}

/**
 * Show a menu below its button, with the focus in it.
 *
 * @param {Stage} stage
 * @param {HTMLElement} menu
 * @param {HTMLElement} button
 */
export function openBelow(stage, menu, button) {
  stage.root.append(menu);
  const box = button.getBoundingClientRect();
  menu.style.left = `${Math.max(8, Math.min(box.left, innerWidth - menu.offsetWidth - 8))}px`;
  menu.style.top = `${Math.min(box.bottom + 4, innerHeight - menu.offsetHeight - 8)}px`;
  stage.bubble = { bubble: menu, where: null };
  /** @type {HTMLElement | null} */ (menu.querySelector("button, textarea"))?.focus();
}
