// A stage without matrices, for a page that has none: it keeps the work, shows messages, and lets the arrow keys
// walk through the tables of verdicts, which Python draws.

import { readPayload } from "./payload.js";
import { Stage } from "./stage.js";

/** @type {Record<string, [number, number]>} down, across */
const MOVES = { ArrowDown: [1, 0], ArrowUp: [-1, 0], ArrowRight: [0, 1], ArrowLeft: [0, -1] };

export class Silent extends Stage {
  /** @param {Payload} payload */
  update(payload) {
    this.model = readPayload({ ...payload, matrices: {}, steps: [] });
  }

  /** @param {KeyboardEvent} event */
  key(event) {
    const cell = event.target instanceof Element ? event.target.closest("td") : null;
    const table = cell?.closest("table");
    const move = MOVES[event.key];
    if (!cell || !move || !table?.classList.contains("mlp-check")) return;
    event.preventDefault();
    const row = /** @type {HTMLTableRowElement} */ (cell.parentElement).rowIndex + move[0];
    const next = table.rows[row]?.cells[cell.cellIndex + move[1]];
    if (!next) return;
    cell.tabIndex = -1;
    next.tabIndex = 0;
    next.focus();
  }
}
