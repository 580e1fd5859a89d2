// Numbers as digits.

export const MINUS = "\u2212";

/** @param {string} text */
function trimZeros(text) {
  return text.includes(".") ? text.replace(/\.?0+$/, "") : text;
}

/** How the digits that are left off are treated. @type {Record<string, string>} */
export const CUTS = { round: "round", truncate: "truncate", worksheet: "as the worksheet prints" };

/**
 * What the worksheet does with one matrix: it truncates, and rounds delta_1.
 *
 * @param {string} cut
 * @param {string} id
 */
export function cutFor(cut, id) {
  return cut === "worksheet" ? (id === "delta1" ? "round" : "truncate") : cut;
}

/**
 * Digits of a number of either sign's size, cut behind `digits` decimals.
 *
 * @param {number} size
 * @param {number} digits
 * @param {string} cut
 */
function cutDigits(size, digits, cut) {
  // 0.1205 is a little less in binary; the factor treats it as a person would by hand.
  const met = size * (1 + 1e-14);
  if (cut === "round") return met.toFixed(digits);
  const text = met.toFixed(20);
  return text.slice(0, text.indexOf(".") + (digits ? digits + 1 : 0));
}

/**
 * A number with `digits` decimals, zeros at its end included, or as it is where it needs fewer; very large and very
 * small ones with a power of ten. The same rule as `mlpcore.exchange.Digits`.
 *
 * @param {number} x
 * @param {number} digits
 * @param {string} [cut] "round" or "truncate"
 */
export function formatNumber(x, digits, cut = "round") {
  if (Number.isNaN(x)) return "NaN";
  if (!Number.isFinite(x)) return x > 0 ? "\u221e" : `${MINUS}\u221e`;
  if (x === 0) return "0";
  const size = Math.abs(x);
  const sign = x < 0 ? MINUS : "";
  const plain = size < 1e5 ? cutDigits(size, digits, cut) : "";
  if (/[1-9]/.test(plain)) return sign + (Number(plain) === Number(size.toPrecision(14)) ? trimZeros(plain) : plain);
  const power = Number(size.toExponential(13).split("e")[1]);
  const mantissa = cutDigits(Number(size.toExponential(13).split("e")[0]), Math.max(1, digits - 3), cut);
  return `${sign}${trimZeros(mantissa)}e${power}`.replaceAll("-", MINUS);
}

/** A number as a person would read it out: without the dust that binary fractions leave. @param {number} x */
export function shortestNumber(x) {
  return Number.isFinite(x) ? String(Number(x.toPrecision(14))).replaceAll("-", MINUS) : formatNumber(x, 0);
}

/** A number to the last digit, as it is typed. @param {number} x */
export function exactNumber(x) {
  return Number.isFinite(x) ? String(x) : formatNumber(x, 0);
}
