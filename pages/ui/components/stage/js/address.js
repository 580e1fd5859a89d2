// The address of the page: the link, the cell that is held, and what is presented.

import { storage } from "../../shared/storage.js";
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

/**
 * The cell that is held, for the next page of the same network and in the address: `S1:2,1`, counted from 1.
 *
 * @param {Stage} stage
 * @param {Place | null} held
 */
export function writeCell({ model }, held) {
  storage.held = held && { ...held, example: model.example };
  if (!held && !location.search.includes("cell=")) return;
  updateAddress({ cell: held ? `${held.of}:${held.index.map((i) => i + 1).join()}` : null });
}

/** What is presented or predicted, and where cell by cell is, in the address: `view=predicting.cell-7`. @param {Stage} stage */
export function writeView({ view, cell }) {
  const names = [view.presenting && "presenting", view.predicting && "predicting", cell !== null && `cell-${cell + 1}`];
  updateAddress({ view: names.filter(Boolean).join(".") || null });
}

/** @returns {{ presenting: boolean, predicting: boolean, cell: number | null }} */
export function readView() {
  const text = new URL(location.href).searchParams.get("view") ?? "";
  const names = text.split(".");
  const number = Number(text.match(/\bcell-(\d{1,9})$/)?.[1] ?? 0);
  return { presenting: names.includes("presenting"), predicting: names.includes("predicting"), cell: number ? number - 1 : null };
}

/**
 * The cell that the address or the page before holds, if there is such a one.
 *
 * @param {Model} model
 * @returns {Place | null}
 */
export function readCell({ matrices, example }) {
  const text = new URL(location.href).searchParams.get("cell") ?? "";
  const id = text.slice(0, Math.max(0, text.lastIndexOf(":")));
  const index = text.slice(id.length + 1).split(",").filter(Boolean).map((i) => Number(i) - 1);
  const place = id ? { id, of: id, index } : storage.held?.example === example ? storage.held : null;
  if (!place || !Object.hasOwn(matrices, place.id) || matrices[place.id].shape.length !== place.index.length) return null;
  return matrices[place.id].shape.every((size, axis) => Number.isInteger(place.index[axis]) && place.index[axis] >= 0 && place.index[axis] < size) ? place : null;
}
