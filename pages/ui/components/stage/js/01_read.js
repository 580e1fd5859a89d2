// Reading the score: values, cells and the dependency that its subscripts declare.
// A block is a list with one entry an axis: a position, or null for all of them.

const WORDS = { nan: NaN, inf: Infinity, "-inf": -Infinity };

function decode(values) {
  if (!Array.isArray(values)) {
    const bytes = Uint8Array.from(atob(values.f64 ?? values.f32), (c) => c.charCodeAt(0));
    return values.f64 ? new Float64Array(bytes.buffer) : new Float32Array(bytes.buffer);
  }
  return Float64Array.from(values, (v) => (typeof v === "string" ? WORDS[v] : v));
}

/** The score with its matrices decoded and each step knowing its number. */
function read(score) {
  const matrices = {};
  for (const [id, m] of Object.entries(score.matrices)) {
    const [rows, cols] = m.shape.length === 2 ? m.shape : m.row ? [1, m.shape[0] ?? 1] : [m.shape[0] ?? 1, 1];
    matrices[id] = { ...m, id, rows, cols, data: decode(m.values) };
  }
  const steps = score.steps.map((s, number) => ({ ...s, number }));
  const maker = {};
  for (const s of steps) maker[s.out] ??= s;
  const chain = score.chain ?? steps;
  const texts = {};
  for (const { id, text } of [...chain.map((s) => ({ id: s.out, text: s.text })), ...Object.values(matrices)]) texts[id] = text;
  return { ...score, matrices, steps, maker, chain, texts };
}

/** Where a drawn cell (r, c) lies in its matrix; turned matrices are drawn transposed. */
function indexOf(matrix, turned, r, c) {
  if (matrix.shape.length === 2) return turned ? [c, r] : [r, c];
  if (matrix.shape.length === 1) return [matrix.row ? c : r];
  return [];
}

function flat(matrix, index) {
  return matrix.shape.length === 2 ? index[0] * matrix.shape[1] + index[1] : (index[0] ?? 0);
}

/** Each letter with its position; an example is moved `by` so many places. */
function bind(letters, index, by = 0) {
  const moved = (letter, i) => (by && letter === "n" && i !== null ? i + by : i);
  return Object.fromEntries([...letters].map((letter, axis) => [letter, moved(letter, index[axis])]));
}

/** The example of its operand that a step starts from. */
function first(step) {
  return step.examples?.[0] ?? 0;
}

function reading(letters, bound) {
  return [...letters].map((letter) => bound[letter] ?? null);
}

/** The block of each operand that a cell of the result reads, by matrix. */
function provenance(step, index) {
  const bound = bind(step.makes, index, first(step));
  const found = {};
  step.operands.forEach((id, k) => (found[id] = [reading(step.reads[k], bound)]));
  return found;
}

function covers(a, b) {
  return a.every((x, axis) => x === null || x === b[axis]);
}

/** Whether a unit vector among the operands is 0 where they are read: the cell is not picked. */
function unpicked(step, bound, matrices) {
  return step.operands.some((id, k) => id.startsWith("one.") && matrices[id].data[bound[step.reads[k]] ?? -1] === 0);
}

/** Every block further on that a cell feeds, by matrix, through all the steps that follow. */
function influence(steps, id, index, matrices = {}) {
  const reached = { [id]: [index] };
  for (const step of steps) {
    step.operands.forEach((operand, k) => {
      for (const block of reached[operand] ?? []) {
        const bound = bind(step.reads[k], block);
        if (unpicked(step, bound, matrices)) continue;
        const { n = null } = bound;
        if (step.examples && n !== null && (n < step.examples[0] || n >= step.examples[1])) continue;
        const fed = reading(step.makes, bind(step.reads[k], block, -first(step)));
        const old = reached[step.out] ?? [];
        if (!old.some((o) => covers(o, fed))) reached[step.out] = [...old.filter((o) => !covers(fed, o)), fed];
      }
    });
  }
  delete reached[id];
  return reached;
}

function inside(blocks, index) {
  return blocks !== undefined && blocks.some((block) => covers(block, index));
}

/** How many cells of a matrix lie in some of the blocks. */
function count(matrix, blocks) {
  const size = (block) => block.reduce((n, x, axis) => n * (x === null ? matrix.shape[axis] : 1), 1);
  if (blocks.length === 1) return size(blocks[0]);
  let cells = 0; // blocks may overlap
  for (let r = 0; r < matrix.rows; r++)
    for (let c = 0; c < matrix.cols; c++) if (inside(blocks, indexOf(matrix, false, r, c))) cells++;
  return cells;
}

function place(index) {
  return index.length ? `[${index.map((i) => i + 1).join(", ")}]` : "";
}

/** A cell as a screen reader says it, without its value. */
function spokenPlace(matrix, index) {
  if (index.length === 2) return `row ${index[0] + 1}, column ${index[1] + 1}`;
  return index.length === 1 ? `${matrix.row ? "column" : "row"} ${index[0] + 1}` : "";
}

function spokenCell(matrix, index, value) {
  return [matrix.spoken, spokenPlace(matrix, index), value].filter(Boolean).join(", ");
}

/** A block in words: `row 2`, `column 4`, `all`. */
function blockWords(block) {
  if (block.every((x) => x === null)) return block.length ? "every cell" : "";
  if (block.includes(null)) return block[0] === null ? `column ${block[1] + 1}` : `row ${block[0] + 1}`;
  return place(block);
}

/** What a cell feeds, as a chain: parts of matrices first, whole ones together at the end. */
function feedsWords({ texts }, fed) {
  const partly = [];
  const wholly = [];
  for (const [id, blocks] of Object.entries(fed)) {
    if (blocks.every((block) => block.every((x) => x === null))) wholly.push(texts[id]);
    else partly.push(`${texts[id]} ${blocks.map(blockWords).join(" and ")}`);
  }
  const parts = [...partly, ...(wholly.length ? [`all of ${wholly.join(", ")}`] : [])];
  return parts.length ? `feeds ${parts.join(" \u2192 ")}` : "feeds nothing further on";
}
