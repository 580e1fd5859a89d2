// The payload in a form that is quick to read: matrices decoded, each step knowing its number.


/** @type {Record<string, number>} JSON has none of these numbers. */
const NOT_FINITE = { nan: NaN, inf: Infinity, "-inf": -Infinity };

/** @param {MatrixPayload["values"]} values */
function decodeValues(values) {
  if (Array.isArray(values)) return Float64Array.from(values, (v) => (typeof v === "string" ? NOT_FINITE[v] : v));
  const bytes = Uint8Array.from(atob(values.f64 ?? values.f32 ?? ""), (c) => c.charCodeAt(0));
  return values.f64 ? new Float64Array(bytes.buffer) : new Float32Array(bytes.buffer);
}

/**
 * @param {Payload} payload
 * @returns {Model}
 */
export function readPayload(payload) {
  /** @type {Matrices} */
  const matrices = {};
  for (const [id, m] of Object.entries(payload.matrices)) {
    const [rows, cols] = m.shape.length === 2 ? m.shape : m.row ? [1, m.shape[0] ?? 1] : [m.shape[0] ?? 1, 1];
    matrices[id] = { ...m, id, rows, cols, data: decodeValues(m.values) };
  }
  const steps = payload.steps.map((step, number) => ({ ...step, number }));
  /** @type {Model["maker"]} */
  const maker = {};
  for (const step of steps) maker[step.out] ??= step;
  const chain = payload.chain ?? steps;
  /** @type {Model["texts"]} */
  const texts = {};
  for (const { out, text } of chain) if (text) texts[out] = text;
  for (const { id, text } of Object.values(matrices)) texts[id] = text;
  return { ...payload, matrices, steps, maker, chain, texts };
}

/**
 * Where a drawn cell (r, c) lies in its matrix; turned matrices are drawn transposed.
 *
 * @param {Matrix} matrix
 * @param {boolean | undefined} turned
 * @param {number} r
 * @param {number} c
 * @returns {Index}
 */
export function cellIndex(matrix, turned, r, c) {
  if (matrix.shape.length === 2) return turned ? [c, r] : [r, c];
  if (matrix.shape.length === 1) return [matrix.row ? c : r];
  return [];
}

/** How many rows and columns are drawn. @type {(matrix: Pick<Matrix, "rows" | "cols">, turned?: boolean) => { rows: number, cols: number }} */
export function drawnSize({ rows, cols }, turned) {
  return turned ? { rows: cols, cols: rows } : { rows, cols };
}

/** The index of the cell that stands at a place of `data`. @type {(matrix: Matrix, at: number) => Index} */
export function indexAt(matrix, at) {
  return cellIndex(matrix, false, Math.floor(at / matrix.cols), at % matrix.cols);
}

/**
 * @param {Matrix} matrix
 * @param {Index} index
 */
export function flatIndex(matrix, index) {
  return matrix.shape.length === 2 ? index[0] * matrix.shape[1] + index[1] : (index[0] ?? 0);
}
