// The address of the page: the link and the cell that is pinned.

import { isCell } from "./matrix-table.js";
/** @import { Stage } from "./stage.js" */

/** Whether the address had to change for that. @param {Record<string, string | null>} changes */
export function updateAddress(changes) {
  const url = new URL(location.href);
  for (const [name, value] of Object.entries(changes)) {
    if (value === null) url.searchParams.delete(name);
    else url.searchParams.set(name, value);
  }
  if (url.href === location.href) return false;
  try {
    history.replaceState(history.state, "", url);
  } catch {
    return false; // too often for this browser: the next change brings it up to date
  }
  return true;
}

/** The cell that is held, in the address: `S1:2,1`, counted from 1. @param {CellHighlight | null} held */
export function writeCell(held) {
  if (!held && !location.search.includes("cell=")) return;
  updateAddress({ cell: held ? `${held.id}:${held.index.map((i) => i + 1).join()}` : null });
}

/** What is presented or predicted, in the address: `view=presenting.predicting`. @param {Record<string, boolean>} view */
export function writeView(view) {
  updateAddress({ view: Object.keys(view).filter((name) => view[name]).join(".") || null });
}

/** @returns {Partial<View>} */
export function readView() {
  const names = new URL(location.href).searchParams.get("view")?.split(".") ?? [];
  return { presenting: names.includes("presenting"), predicting: names.includes("predicting") };
}

/**
 * @param {Stage} stage
 * @returns {Cell | null}
 */
export function readCell(stage) {
  const text = new URL(location.href).searchParams.get("cell") ?? "";
  const at = text.lastIndexOf(":");
  const index = text.slice(at + 1).split(",").filter(Boolean).map((i) => Number(i) - 1);
  const cell = at > 0 && stage.model.matrices[text.slice(0, at)] ? stage.cellAt(text.slice(0, at), index) : null;
  return cell && isCell(cell) && cell.mlp.index.length === index.length ? cell : null;
}
