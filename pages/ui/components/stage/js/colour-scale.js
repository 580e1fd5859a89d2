// Values as colours: one diverging scale, symmetric about zero.

import { poles, rgb } from "../../shared/colours.js";

/** @param {Rgb} colour */
function luminance(colour) {
  const [r, g, b] = colour.map((v) => (v / 255 <= 0.04045 ? v / 255 / 12.92 : ((v / 255 + 0.055) / 1.055) ** 2.4));
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}

/**
 * The colours of the theme in force: poles mixed with its background, so that zero is nothing.
 *
 * @param {Element} host
 * @returns {ThemeColours}
 */
export function themeColours(host) {
  const background = rgb(getComputedStyle(host).getPropertyValue("--st-background-color") || "#ffffff");
  const dark = luminance(background) < 0.2;
  const [plus, minus] = poles(dark);
  return { background, dark, plus, minus };
}

/**
 * Background and ink of a cell whose value is `share` of the scale (-1 to 1).
 *
 * @param {ThemeColours} colours
 * @param {number} share
 */
export function shadeCell(colours, share) {
  const pole = share < 0 ? colours.minus : colours.plus;
  const weight = 0.92 * Math.min(1, Math.abs(share));
  const mixed = colours.background.map((b, i) => Math.round(b + (pole[i] - b) * weight));
  const light = luminance(mixed);
  // Whichever of black and white has the larger contrast ratio.
  const ink = (light + 0.05) / 0.05 > 1.05 / (light + 0.05) ? "#000000" : "#ffffff";
  return { background: `rgb(${mixed.join(" ")})`, ink };
}

/**
 * The largest finite size among matrices: one symmetric scale for one equation.
 *
 * @param {Pick<Matrix, "data">[]} matrices
 */
export function scaleOf(matrices) {
  let top = 0;
  for (const m of matrices) for (const x of m.data) if (Number.isFinite(x) && Math.abs(x) > top) top = Math.abs(x);
  return top || 1;
}

/**
 * One scale for the matrices of an equation; slopes and single numbers are of another kind.
 *
 * @param {Step} step
 * @param {Matrices} matrices
 * @returns {Record<string, number>}
 */
export function scalesOf(step, matrices) {
  /** @param {TileSpec} t */
  const apart = (t) => t.slot !== "result" && (t.id !== t.of || matrices[t.id].shape.length === 0);
  const shared = scaleOf(step.tiles.filter((t) => !apart(t)).map((t) => matrices[t.id]));
  return Object.fromEntries(step.tiles.map((t) => [t.id, apart(t) ? scaleOf([matrices[t.id]]) : shared]));
}
