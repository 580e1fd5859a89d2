// What the stage and the charts both read of a theme.

/**
 * @param {string} text
 * @returns {Rgb}
 */
export function rgb(text) {
  const hex = text.trim().match(/^#([0-9a-f]{6})$/i);
  if (hex) return [0, 2, 4].map((i) => parseInt(hex[1].slice(i, i + 2), 16));
  return (text.match(/[\d.]+/g) ?? [255, 255, 255]).slice(0, 3).map(Number);
}

/**
 * The colours of a positive and of a negative number.
 *
 * @param {boolean} dark
 * @returns {[plus: Rgb, minus: Rgb]}
 */
export function poles(dark) {
  return dark ? [[64, 140, 235], [226, 122, 40]] : [[33, 104, 190], [206, 88, 12]];
}
