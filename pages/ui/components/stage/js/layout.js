// How large the type in the cells is, and which part of a matrix is drawn where not all of it fits.

import { formatNumber, matrixStyle } from "./number-format.js";

export const LEAST = 11; // px of type in a cell; below that a matrix scrolls
export const MOST = 42;
const FEWEST = 2; // cells along an axis of a window
export const SCROLLBAR = 18;
/** Widths of characters in the theme's type, with some room for another one that takes its place. */
const DIGIT = 0.51;
const POINT = 0.27;

/** @type {(x: number, low: number, high: number) => number} */
export const clamp = (x, low, high) => Math.max(low, Math.min(high, x));

/** @type {(font: number, ems: number) => number} */
export const cellWidth = (font, ems) => Math.ceil(font * Math.max(ems, 1.4) + Math.min(7, font / 3));

/**
 * All sizes that follow from the type in the cells.
 *
 * @param {number} font px
 * @param {number} ems width of the longest number, in units of the type
 * @returns {Sizes}
 */
export function sizesOf(font, ems) {
  const number = Math.round(clamp(font * 0.5, 11, 20));
  const name = Math.round(clamp(8 + font * 0.5, 15, 28));
  const space = Math.round(clamp(font * 0.75, 8, 24));
  return {
    font,
    number,
    name,
    cw: cellWidth(font, ems),
    ch: Math.round(font * 1.5 + 1.5),
    caption: Math.round(name * 2.2),
    head: Math.round(name * 2.2) + number + 8,
    space,
    gap: Math.ceil(number * 1.6) + 4 + space,
  };
}

/**
 * The largest type at which something fits its window; the least where nothing does.
 *
 * @param {number} ems
 * @param {(sizes: Sizes) => boolean} fits
 * @param {number} [most]
 */
export function fitType(ems, fits, most = MOST) {
  for (let font = most; font > LEAST; font--) {
    const sizes = sizesOf(font, ems);
    if (fits(sizes)) return sizes;
  }
  return sizesOf(LEAST, ems);
}

/**
 * How many cells of each axis are drawn: the longest axis is shortened until the drawing fits; of two as long, the one
 * that is cut already.
 *
 * @param {Record<string, number>} all the size of each axis
 * @param {(shown: Record<string, number>) => string[]} tooLong the axes along which it does not fit
 */
export function fitWindow(all, tooLong) {
  const shown = { ...all };
  for (;;) {
    const axes = tooLong(shown).filter((axis) => shown[axis] > FEWEST);
    if (!axes.length) return shown;
    const rank = (/** @type {string} */ axis) => shown[axis] + (shown[axis] < all[axis] ? 0.5 : 0);
    shown[axes.reduce((a, b) => (rank(b) > rank(a) ? b : a))]--;
  }
}

/** Width of a number, in units of its type. @param {string} text */
function emsOf(text) {
  return (text.length - (text.includes(".") ? 1 : 0)) * DIGIT + (text.includes(".") ? POINT : 0);
}

/** @type {WeakMap<Matrix["data"], { key: string, ems: number }>} */
const widths = new WeakMap();

/**
 * Width of the longest number of some matrices, in units of the type.
 *
 * @param {Pick<Matrix, "id" | "data" | "all">[]} matrices
 * @param {number} digits
 * @param {string} cut
 */
export function longestNumber(matrices, digits, cut) {
  return Math.max(0, ...matrices.map(({ id, data, all = data }) => {
    const key = `${digits} ${cut}`;
    const known = widths.get(all);
    if (known?.key === key) return known.ems;
    // All its numbers have as many decimals, so the largest is the longest, with a power of ten perhaps the smallest.
    let [low, high, negative] = [Infinity, 0, false];
    for (const x of all) {
      negative ||= x < 0;
      if (x && Number.isFinite(x)) [low, high] = [Math.min(low, Math.abs(x)), Math.max(high, Math.abs(x))];
    }
    const style = { ...matrixStyle(all, digits, cut, id), short: false };
    const ems = (negative ? DIGIT : 0) + Math.max(...[low, high].map((x) => emsOf(formatNumber(x, style))));
    widths.set(all, { key, ems });
    return ems;
  }));
}

/**
 * The width of cells that hold the longest number of some matrices.
 *
 * @param {{ digits: number, cut: string }} stage
 * @param {Pick<Matrix, "id" | "data" | "all">[]} matrices
 * @param {number} font
 */
export const widthFor = ({ digits, cut }, matrices, font) => cellWidth(font, longestNumber(matrices, digits, cut));
