// How large a cell may be: one size for the whole payload where it fits, so that nothing jumps
// between steps; else a size for the step; else no digits; else a window of the matrix.

import { formatNumber, matrixStyle } from "./number-format.js";
/** @import { Stage } from "./stage.js" */

export const GAP = 38; // beside a tile: its row numbers, its frame, the space to the next
export const HEAD = 58; // caption and column numbers of a tile
const SMALLEST = 16; // a cell; the least height that still holds a digit
export const READABLE = 40; // a cell that shows digits
export const WINDOW = 24; // cells along an axis of a windowed matrix

/**
 * Rows and columns of each tile of a step as drawn, and how many tiles stand side by side.
 *
 * @param {Step} step
 * @param {Matrices} matrices
 * @param {boolean} stacked
 * @returns {Extent}
 */
function stepExtent(step, matrices, stacked) {
  /** @type {Record<string, { rows: number, cols: number, tiles: number }>} */
  const size = {};
  for (const t of step.tiles) {
    const m = matrices[t.id];
    const [rows, cols] = t.turned ? [m.cols, m.rows] : [m.rows, m.cols];
    const slot = slotOf(t, step, stacked);
    const s = (size[slot] ??= { rows: 0, cols: 0, tiles: 0 });
    s.tiles += 1;
    const upright = slot === "above" || slot === "result";
    s.rows = upright ? s.rows + rows : Math.max(s.rows, rows);
    s.cols = upright ? Math.max(s.cols, cols) : s.cols + cols;
  }
  /** @type {(slot: string, side: "rows" | "cols" | "tiles") => number} */
  const of = (slot, side) => size[slot]?.[side] ?? 0;
  return {
    left: of("left", "cols"),
    middle: Math.max(of("above", "cols"), of("result", "cols")),
    right: of("right", "cols"),
    top: of("above", "rows"),
    bottom: Math.max(of("left", "rows"), of("result", "rows"), of("right", "rows")),
    across: of("left", "tiles") + 1 + of("right", "tiles"),
    down: of("above", "tiles") + 1,
  };
}

/**
 * Where elementwise operands are too wide to stand side by side, they are stacked.
 *
 * @param {TileSpec} tile
 * @param {Step} step
 * @param {boolean} stacked
 */
export function slotOf(tile, step, stacked) {
  const result = step.tiles[step.tiles.length - 1];
  const same = tile.rows === result.rows && tile.cols === result.cols && tile.cols !== "";
  return stacked && same && tile.slot === "left" ? "above" : tile.slot;
}

/**
 * @param {Extent[]} extents
 * @param {number} width
 * @param {number} height
 */
function fitCells(extents, width, height) {
  /** @param {keyof Extent} side */
  const most = (side) => Math.max(...extents.map((e) => e[side]));
  const columns = most("left") + most("middle") + most("right");
  const rows = most("top") + most("bottom");
  return {
    cw: Math.floor((width - GAP * most("across")) / columns),
    ch: Math.floor((height - HEAD * most("down")) / rows),
    left: most("left"),
    top: most("top"),
    down: most("down"),
  };
}

/**
 * Size of cells, digits and type for a step, and the part of each axis that is drawn.
 *
 * @param {Stage} stage
 * @param {Step} step
 * @param {number} width
 * @param {number} height
 * @param {Record<string, number>} origin
 * @returns {StepSizes}
 */
export function cellSizeForStep(stage, step, width, height, origin) {
  const { matrices } = stage.model;
  const fixed = cellSizeForAll(stage, width, height);
  if (fixed) return fixed;
  const own = [false, true].map((s) => fitCells([stepExtent(step, matrices, s)], width, height));
  const stacked = own[1].cw > own[0].cw && (own[0].cw < READABLE || width < 640) && own[1].ch >= SMALLEST;
  let size = own[Number(stacked)];
  let window = null;
  if (size.cw < SMALLEST || size.ch < SMALLEST) {
    for (let most = WINDOW; most >= 6; most -= 2) {
      window = Object.fromEntries(
        Object.entries(axisSizes(step, matrices)).map(([letter, all]) => {
          const shown = Math.min(all, most);
          return [letter, { size: all, shown, from: Math.min(origin[letter] ?? 0, all - shown) }];
        }),
      );
      size = fitCells([windowExtent(step, matrices, stacked, window)], width, height);
      if (size.cw >= SMALLEST && size.ch >= SMALLEST) break;
    }
  }
  return withDigits(stage, step.tiles.map((t) => matrices[t.id]), size, { stacked, window, fixed: false });
}

/**
 * The size that serves every step of the payload, or null; found once for a payload and a screen.
 *
 * @param {Stage} stage
 * @param {number} width
 * @param {number} height
 */
function cellSizeForAll(stage, width, height) {
  const { matrices, steps } = stage.model;
  const key = [width, height, stage.digits, stage.cut].join();
  if (stage.sizing?.model !== stage.model || stage.sizing.key !== key) {
    const size = fitCells(steps.map((s) => stepExtent(s, matrices, false)), width, height);
    const fits = size.cw >= READABLE && size.ch >= 20;
    const kind = { stacked: false, window: null, fixed: true };
    stage.sizing = { model: stage.model, key, sizes: fits ? withDigits(stage, Object.values(matrices), size, kind) : null };
  }
  return stage.sizing.sizes;
}

/**
 * @param {Stage} stage
 * @param {Matrix[]} shown
 * @param {ReturnType<typeof fitCells>} row
 * @param {Pick<StepSizes, "stacked" | "window" | "fixed">} kind
 * @returns {StepSizes}
 */
export function withDigits(stage, shown, { cw, ch, left, top, down }, kind) {
  const wide = Math.max(SMALLEST, Math.min(cw, 108));
  const high = Math.max(SMALLEST, Math.min(ch, 54, Math.max(24, wide)));
  return { cw: wide, ch: high, ...chooseDigits(stage, shown, wide, high), ...kind, left, top, down };
}

/**
 * As many decimals as the cell has room for, up to those asked for; none where two do not fit.
 *
 * @param {Stage} stage
 * @param {Matrix[]} matrices
 * @param {number} cw
 * @param {number} ch
 * @param {number} [small]
 */
export function chooseDigits(stage, matrices, cw, ch, small = 10) {
  for (let digits = stage.digits; digits >= 2; digits--) {
    let longest = 1;
    for (const m of matrices) {
      const stride = Math.max(1, Math.floor(m.data.length / 400));
      const style = matrixStyle(m.data, digits, stage.cut);
      for (let i = 0; i < m.data.length; i += stride) longest = Math.max(longest, formatNumber(m.data[i], style).length);
    }
    const byWidth = (cw - 6) / (longest * 0.56);
    const byHeight = Math.min(ch * 0.58, 21);
    const font = Math.min(byWidth, byHeight);
    if (font >= 9 && (digits === 2 || byWidth >= Math.min(small, byHeight))) return { digits, font };
  }
  return { digits: 0, font: 9 };
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
  step.operands.forEach((id, k) =>
    [...step.reads[k]].forEach((letter, axis) => (size[letter] = matrices[id].shape[axis])),
  );
  [...step.makes].forEach((letter, axis) => (size[letter] = matrices[step.out].shape[axis]));
  return size;
}

/**
 * @param {Step} step
 * @param {Matrices} matrices
 * @param {boolean} stacked
 * @param {NonNullable<StepSizes["window"]>} window
 */
function windowExtent(step, matrices, stacked, window) {
  /** @type {Matrices} */
  const cut = {};
  for (const t of step.tiles) {
    const m = matrices[t.id];
    const [rows, cols] = t.turned ? [m.cols, m.rows] : [m.rows, m.cols];
    cut[t.id] = { ...m, rows: window[t.rows]?.shown ?? rows, cols: window[t.cols]?.shown ?? cols };
  }
  const tiles = step.tiles.map((t) => ({ ...t, turned: false }));
  return stepExtent({ ...step, tiles }, cut, stacked);
}
