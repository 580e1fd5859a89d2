// Numbers as digits.

export const MINUS = "\u2212";

/** @param {string} text */
function trimZeros(text) {
  return text.includes(".") ? text.replace(/\.?0+$/, "") : text;
}

/**
 * A number with at most `digits` decimals; very large and very small ones with a power of ten.
 *
 * @param {number} x
 * @param {number} digits
 */
export function formatNumber(x, digits) {
  if (Number.isNaN(x)) return "NaN";
  if (!Number.isFinite(x)) return x > 0 ? "\u221e" : `${MINUS}\u221e`;
  if (x === 0) return "0";
  const size = Math.abs(x);
  let text;
  if (size >= 1e5 || size < 0.5 * 10 ** -digits) {
    const [mantissa, power] = x.toExponential(Math.max(0, digits - 3)).split("e");
    text = `${trimZeros(mantissa)}e${Number(power)}`;
  } else {
    // 0.1205 is a little less in binary; the nudge rounds it as a person would by hand.
    const nudged = x * (1 + 1e-14);
    text = trimZeros(nudged.toFixed(size >= 1000 ? Math.min(digits, 1) : size >= 100 ? Math.min(digits, 2) : digits));
  }
  return text.replaceAll("-", MINUS);
}

/** A number as a person would read it out: without the dust that binary fractions leave. @param {number} x */
export function shortestNumber(x) {
  return Number.isFinite(x) ? String(Number(x.toPrecision(14))).replaceAll("-", MINUS) : formatNumber(x, 0);
}

/** A number to the last digit, as it is typed. @param {number} x */
export function exactNumber(x) {
  return Number.isFinite(x) ? String(x) : formatNumber(x, 0);
}
