// Numbers as digits.

export const MINUS = "\u2212";

/** @param {string} text */
function trimZeros(text) {
  return text.includes(".") ? text.replace(/\.?0+$/, "") : text;
}

/** How the digits that are left off are treated, in words. @type {Record<string, string>} */
export const CUTS = { round: "round", truncate: "truncate", worksheet: "as the worksheet" };

/**
 * How the numbers of one matrix are written: all alike, none with a power of ten beside one without. They have one where
 * the largest has at most one digit and another would vanish. The worksheet truncates, except delta_1 (and dL/dZ_1
 * beside it), which it rounds; it leaves zeros at the end out and gives the loss one decimal more.
 *
 * @param {ArrayLike<number>} data
 * @param {number} digits
 * @param {string} [cut] a name of `CUTS`
 * @param {string} [id] the matrix' name
 * @returns {NumberStyle}
 */
export function matrixStyle(data, digits, cut = "round", id = "") {
  let smallest = Infinity;
  let largest = 0;
  for (let i = 0; i < data.length; i++) {
    const size = Math.abs(data[i]);
    if (size && size < smallest) smallest = size;
    if (size < Infinity && size > largest) largest = size;
  }
  const short = cut === "worksheet";
  const places = digits + Number(short && /^(new\.)?loss/.test(id));
  const power = largest >= 1e5 || (smallest < 10 ** -places && largest < 10 ** Math.min(0, 1 - places));
  return { digits: places, cut: short ? (/^(delta|dZ)1\b/.test(id) ? "round" : "truncate") : cut, short, power };
}

/**
 * Digits of a number of either sign's size, cut behind `digits` decimals.
 *
 * @param {number} size
 * @param {NumberStyle} style
 */
function cutDigits(size, { digits, cut, short }) {
  // 0.1205 is a little less in binary; the factor treats it as a person would by hand.
  const met = Number(size.toPrecision(14)) * (1 + 2e-15);
  const long = met.toFixed(20);
  const text = cut === "round" ? met.toFixed(digits) : long.slice(0, long.indexOf(".") + (digits ? digits + 1 : 0));
  return short && Number(text) === Number(size.toPrecision(14)) ? trimZeros(text) : text;
}

/**
 * A number with all its decimals, zeros at the end included, as `mlpcore.exchange.Digits` writes it.
 *
 * @param {number} x
 * @param {NumberStyle} [style]
 */
export function formatNumber(x, style = matrixStyle([x], 6)) {
  if (Number.isNaN(x)) return "NaN";
  if (!Number.isFinite(x)) return x > 0 ? "\u221e" : `${MINUS}\u221e`;
  if (x === 0) return "0";
  const size = Math.abs(x);
  const sign = x < 0 ? MINUS : "";
  if (!style.power) return sign + cutDigits(size, style);
  const [mantissa, power] = size.toExponential(13).split("e");
  return `${sign}${cutDigits(Number(mantissa), style)}e${Number(power)}`.replaceAll("-", MINUS);
}

/** A number as a person would read it out: without the dust that binary fractions leave. @param {number} x */
export function shortestNumber(x) {
  return Number.isFinite(x) ? String(Number(x.toPrecision(14))).replaceAll("-", MINUS) : formatNumber(x);
}

/** A number to the last digit, as it is typed. @param {number} x */
export function exactNumber(x) {
  return Number.isFinite(x) ? String(x) : formatNumber(x);
}
