// A matrix as text: the same numbers, to the last digit, in the words of five programs.

export const MATLAB = { NaN: "NaN", Infinity: "Inf", "-Infinity": "-Inf" };

const NUMPY = { NaN: "np.nan", Infinity: "np.inf", "-Infinity": "-np.inf" };

const LATEX = { NaN: "\\mathrm{NaN}", Infinity: "\\infty", "-Infinity": "-\\infty" };

/**
 * @param {number} x
 * @param {Record<string, string>} words
 */
function exactDigits(x, words) {
  if (!Number.isFinite(x)) return words[String(x)];
  return Object.is(x, -0) ? "-0.0" : String(x);
}

/** @param {number} x */
function latexDigits(x) {
  return exactDigits(x, LATEX).replace(/e\+?(-?\d+)$/, "\\cdot 10^{$1}");
}

/**
 * @param {number[][]} rows
 * @param {(x: number) => string} cell
 * @param {string} between
 * @param {string} lines
 */
function joinRows(rows, cell, between, lines) {
  return rows.map((row) => row.map(cell).join(between)).join(lines);
}

const DECIMAL_COMMA = (1.5).toLocaleString().includes(",");

/**
 * As a spreadsheet in the reader's language takes it. Three digits after a comma would look like thousands.
 *
 * @param {number} x
 */
function localDigits(x) {
  const digits = exactDigits(x, MATLAB);
  return DECIMAL_COMMA ? digits.replace(".", ",").replace(/,\d{3}$/, "$&0") : digits;
}

/** @type {Record<string, (rows: number[][]) => string>} */
export const FORMATS = {
  NumPy: (rows) => `np.array([${joinRows(rows, (x) => exactDigits(x, NUMPY), ", ", "], [").replace(/^/, "[")}]])`,
  LaTeX: (rows) => `\\begin{bmatrix} ${joinRows(rows, latexDigits, " & ", " \\\\ ")} \\end{bmatrix}`,
  MATLAB: (rows) => `[${joinRows(rows, (x) => exactDigits(x, MATLAB), " ", "; ")}]`,
  // With its point, so that no comma is taken for a decimal one.
  CSV: (rows) => joinRows(rows, (x) => exactDigits(x, MATLAB).replace(/^-?\d+$/, "$&.0"), ",", "\n") + "\n",
  Spreadsheet: (rows) => joinRows(rows, localDigits, "\t", "\n") + "\n",
};
