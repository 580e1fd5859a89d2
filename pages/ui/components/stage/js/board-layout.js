// How large the cells of a board can be.

import { READABLE } from "./cell-size.js";

export const SIGN_WIDTH = 30; // what stands between two matrices
export const HEAD_HEIGHT = 54; // caption and column numbers of a matrix
export const WORDS_HEIGHT = 62; // the words of a line
export const BENCH_HEIGHT = 250; // the height of a bench, whose charts need the rest of the screen
export const WINDOW_CELLS = 10; // cells along an axis of a windowed matrix

/**
 * The largest cell at which all lines fit: with digits if there is any such, else as heatmaps.
 *
 * @param {number} top
 * @param {(cw: number, ch: number) => number} high
 * @param {number} room
 * @param {boolean | undefined} legible
 */
export function largestCell(top, high, room, legible) {
  for (let cw = top; cw >= READABLE; cw--)
    for (const ch of [26, 22, 19]) if (high(cw, ch) <= room) return { cw, ch };
  // What is to be read keeps its digits, and its lines may scroll.
  if (legible && top >= READABLE) return { cw: Math.min(top, 46), ch: 19 };
  for (let cw = Math.min(top, READABLE); cw > 12; cw--) {
    const ch = Math.max(11, Math.min(cw, 20));
    if (high(cw, ch) <= room) return { cw, ch };
  }
  return { cw: Math.min(top, 14), ch: 11 };
}

/**
 * Rungs of a ladder may scroll, but each stays on one line, all to one scale.
 *
 * @param {Pick<TileView, "rows" | "cols">[][]} strips
 * @param {number} across
 */
export function ladderCell(strips, across) {
  /** @param {{ cols: number }[]} strip */
  const cells = (strip) => strip.reduce((n, s) => n + s.cols, 0);
  const widths = strips.map((strip) => (across - strip.length * (SIGN_WIDTH + 26)) / Math.max(1, cells(strip)));
  const cw = Math.max(12, Math.min(62, Math.floor(Math.min(...widths))));
  return { cw, ch: cw >= READABLE ? 22 : Math.max(11, Math.min(cw, 18)) };
}
