// How the matrices of a step fill the stage: one type for the whole pass, and one place for every
// result where that costs little.

import { SCROLLBAR, fitType, fitWindow, longestNumber, widthFor } from "./layout.js";
import { drawnSize } from "./payload.js";
/** @import { Stage } from "./stage.js" */

const PLACE_WORTH = 0.75; // of the type is given for results that stay in one place

/**
 * The size of each part of a drawn step. Every matrix has cells as wide as its own numbers, but those above each other
 * share a width.
 *
 * @param {Stage} stage
 * @param {Step} step
 * @param {boolean} stacked
 * @param {Sizes} sizes
 * @param {Record<string, number>} [shown] how much of each axis is drawn
 * @returns {Extent}
 */
function stepExtent(stage, step, stacked, { font, ch, head, gap }, shown = {}) {
  const { matrices } = stage.model;
  const extent = { left: 0, middle: 0, right: 0, top: 0, bottom: 0, cells: 0 };
  const slots = step.tiles.map((t) => slotOf(t, step, stacked));
  /** @param {number} k */
  const upright = (k) => slots[k] === "above" || slots[k] === "result";
  const middle = step.tiles.filter((_, k) => upright(k)).map((t) => matrices[t.id]);
  extent.cells = widthFor(stage, middle, font);
  step.tiles.forEach((t, k) => {
    const m = matrices[t.id];
    const { rows, cols } = drawnSize(m, t.turned);
    const [down, across] = [Math.min(rows, shown[t.rows] ?? rows), Math.min(cols, shown[t.cols] ?? cols)];
    const high = down * ch + head + (across < cols ? SCROLLBAR : 0);
    const cw = upright(k) ? extent.cells : widthFor(stage, [m], font);
    const wide = across * cw + gap + (down < rows ? SCROLLBAR : 0);
    if (slots[k] === "above") extent.top += high;
    else extent.bottom = Math.max(extent.bottom, high);
    if (upright(k)) extent.middle = Math.max(extent.middle, wide);
    else extent[slots[k] === "left" ? "left" : "right"] += wide;
  });
  return extent;
}

/**
 * Where operands with the columns of the result, or of each other above a number, are too wide to stand side by side,
 * they are stacked.
 *
 * @param {TileSpec} tile
 * @param {Step} step
 * @param {boolean} stacked
 */
export function slotOf(tile, step, stacked) {
  const result = step.tiles[step.tiles.length - 1];
  const across = result.cols || step.tiles[0].cols;
  return stacked && across && tile.cols === across && tile.slot === "left" ? "above" : tile.slot;
}

/** @typedef {{ width: number, height: number }} Room */

/** @type {(e: Extent, room: Room) => boolean} */
const fitsAcross = (e, { width }) => e.left + e.middle + e.right <= width;

/** @type {(e: Extent, room: Room) => boolean} */
const fitsDown = (e, { height }) => e.top + e.bottom <= height;

/**
 * Sizes for a step, and the part of each axis that is drawn.
 *
 * @param {Stage} stage
 * @param {Step} step
 * @param {Room} room
 * @returns {StepSizes}
 */
export function layOutStep(stage, step, room) {
  const { sizes, place } = layOutSteps(stage, room);
  const [beside, above] = [false, true].map((stacked) => stepExtent(stage, step, stacked, sizes));
  if (place) return { ...sizes, cells: beside.cells, stacked: false, shown: null, place };
  const whole = [beside, above].findIndex((e) => fitsAcross(e, room) && fitsDown(e, room));
  if (whole >= 0) return { ...sizes, cells: [beside, above][whole].cells, stacked: whole === 1, shown: null, place };
  const [down, across] = /** @type {("rows" | "cols")[]} */ (["rows", "cols"]).map((side) => step.tiles.map((t) => t[side]).filter(Boolean));
  // In part: the way of the two that shows more cells.
  const ways = (above.left < beside.left ? [false, true] : [false]).map((stacked) => {
    const shown = fitWindow(axisSizes(step, stage.model.matrices), (part) => {
      const extent = stepExtent(stage, step, stacked, sizes, part);
      return [...(fitsAcross(extent, room) ? [] : across), ...(fitsDown(extent, room) ? [] : down)];
    });
    const cells = step.tiles.reduce((n, t) => n + (shown[t.rows] ?? 1) * (shown[t.cols] ?? 1), 0);
    return { cells, way: { ...sizes, cells: (stacked ? above : beside).cells, stacked, shown, place } };
  });
  return ways.reduce((a, b) => (b.cells > a.cells ? b : a)).way;
}

/**
 * The type that serves every step of the payload, and the place of every result, or null; found once for a payload
 * and a window.
 *
 * @param {Stage} stage
 * @param {Room} room
 */
function layOutSteps(stage, room) {
  const { steps } = stage.model;
  const key = [room.width, room.height, stage.digits, stage.cut].join();
  if (stage.layout?.model === stage.model && stage.layout.key === key) return stage.layout;
  const ems = longestNumber(Object.values(stage.model.matrices), stage.digits, stage.cut);
  /** @param {Sizes} sizes */
  const union = (sizes) => {
    const all = stepExtent(stage, steps[0], false, sizes);
    for (const step of steps) {
      const e = stepExtent(stage, step, false, sizes);
      for (const side of /** @type {(keyof Extent)[]} */ (Object.keys(all))) all[side] = Math.max(all[side], e[side]);
    }
    return all;
  };
  /** @type {(e: Extent) => boolean} */
  const fits = (e) => fitsAcross(e, room) && fitsDown(e, room);
  const own = fitType(ems, (sizes) => steps.every((step) => [false, true].some((stacked) => fits(stepExtent(stage, step, stacked, sizes)))));
  const shared = fitType(ems, (sizes) => fits(union(sizes)));
  const all = union(shared);
  const place = fits(all) && shared.font >= own.font * PLACE_WORTH ? { left: all.left, top: all.top } : null;
  return (stage.layout = { model: stage.model, key, sizes: place ? shared : own, place });
}

/**
 * The size of each axis of a step, by its letter.
 *
 * @param {Step} step
 * @param {Matrices} matrices
 */
function axisSizes(step, matrices) {
  /** @type {Record<string, number>} */
  const size = {};
  for (const t of step.tiles) {
    const { rows, cols } = drawnSize(matrices[t.id], t.turned);
    if (t.rows) size[t.rows] = Math.max(size[t.rows] ?? 0, rows);
    if (t.cols) size[t.cols] = Math.max(size[t.cols] ?? 0, cols);
  }
  return size;
}
