// "Check mine" on the caption of a computed matrix: a field for one's own numbers, which Python compares.

import { buttonOf, el, setAttributes } from "../../shared/dom.js";
import { openBelow } from "./copy-menu.js";
import { hasSeveral } from "./number-parse.js";
/** @import { Stage } from "./stage.js" */

/**
 * @param {Stage} stage
 * @param {Tile} tile
 * @param {Matrix} matrix
 */
export function checkButton(stage, tile, matrix) {
  const name = `check your own ${matrix.spoken}`;
  const button = buttonOf("copy mine", "\u270e", name, (event) => {
    event.stopPropagation();
    openField(stage, tile, matrix, button);
  });
  return setAttributes(button, { title: `Check mine: paste or type your own ${matrix.text}`, "aria-haspopup": "dialog" });
}

/**
 * What is typed stays in this tab, so that a field that is closed, or a text that cannot be read, loses nothing.
 *
 * @param {Stage} stage
 * @param {Tile} tile
 * @param {Matrix} matrix
 * @param {HTMLElement} button
 */
function openField(stage, tile, matrix, button) {
  stage.closeBubble();
  const { id } = tile.spec;
  const key = `mlpscope.own.${id}`;
  const area = setAttributes(el("textarea"), {
    rows: 4,
    "aria-label": `your own ${matrix.spoken}`,
    placeholder: `Your own ${matrix.text}:\nrows of numbers, NumPy, MATLAB or LaTeX`,
  });
  area.value = sessionStorage.getItem(key) ?? "";
  const send = () => {
    if (!area.value.trim()) return;
    stage.closeBubble();
    stage.edits.paste({ id, index: [], turned: false, text: area.value, stroke: ++stage.edits.stroke });
  };
  const field = el("div", "bubble menu own", area, buttonOf("", "Check", "Check", send));
  setAttributes(field, { role: "dialog", "aria-label": `Check your own ${matrix.spoken}` });
  area.oninput = () => sessionStorage.setItem(key, area.value);
  area.onpaste = (event) => {
    const text = event.clipboardData?.getData("text") ?? "";
    if (!hasSeveral(text)) return;
    event.preventDefault();
    area.setRangeText(text, area.selectionStart, area.selectionEnd, "end");
    sessionStorage.setItem(key, area.value);
    send();
  };
  field.onkeydown = (event) => {
    event.stopPropagation();
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) send();
    if (event.key !== "Escape") return;
    stage.closeBubble();
    button.focus();
  };
  openBelow(stage, field, button);
  area.select();
}
