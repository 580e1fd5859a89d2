// What a cell is made of and what it feeds, as the subscripts of the steps declare.

import { cellIndex } from "./payload.js";

/**
 * Each letter with its position; an example is moved `by` so many places.
 *
 * @param {string} letters
 * @param {Block} index
 * @returns {Record<string, number | null>}
 */
export function bindLetters(letters, index, by = 0) {
  return Object.fromEntries(
    [...letters].map((letter, axis) => {
      const i = index[axis];
      return [letter, letter === "n" && i !== null ? i + by : i];
    }),
  );
}

/** The example of its operand that a step starts from. @param {Link} step */
export function firstExample(step) {
  return step.examples?.[0] ?? 0;
}

/** @type {(letters: string, bound: Record<string, number | null>) => Block} */
export function blockOf(letters, bound) {
  return [...letters].map((letter) => bound[letter] ?? null);
}

/** The block of each operand that a cell of the result reads. @type {(step: Link, index: Block) => Blocks} */
export function provenance(step, index) {
  const bound = bindLetters(step.makes, index, firstExample(step));
  return Object.fromEntries(step.operands.map((id, k) => [id, [blockOf(step.reads[k], bound)]]));
}

/** @type {(a: Block, b: Block) => boolean} */
export function blockContains(a, b) {
  return a.every((x, axis) => x === null || x === b[axis]);
}

/**
 * Whether a unit vector among the operands is 0 where they are read: the cell is not picked.
 *
 * @type {(step: Link, bound: Record<string, number | null>, matrices: Matrices) => boolean}
 */
function selectsNothing(step, bound, matrices) {
  return step.operands.some((id, k) => id.startsWith("one.") && matrices[id].data[bound[step.reads[k]] ?? -1] === 0);
}

/**
 * Every block further on that a cell feeds, through all the steps that follow.
 *
 * @type {(steps: Link[], id: string, index: Index, matrices?: Matrices) => Blocks}
 */
export function influence(steps, id, index, matrices = {}) {
  /** @type {Blocks} */
  const reached = { [id]: [index] };
  for (const step of steps) {
    step.operands.forEach((operand, k) => {
      for (const block of reached[operand] ?? []) {
        const bound = bindLetters(step.reads[k], block);
        if (selectsNothing(step, bound, matrices)) continue;
        const { n = null } = bound;
        if (step.examples && n !== null && (n < step.examples[0] || n >= step.examples[1])) continue;
        const fed = blockOf(step.makes, bindLetters(step.reads[k], block, -firstExample(step)));
        const old = reached[step.out] ?? [];
        if (!old.some((o) => blockContains(o, fed))) reached[step.out] = [...old.filter((o) => !blockContains(fed, o)), fed];
      }
    });
  }
  delete reached[id];
  return reached;
}

/** @type {(blocks: Block[] | undefined, index: Index) => boolean} */
export function isInside(blocks, index) {
  return blocks !== undefined && blocks.some((block) => blockContains(block, index));
}

/** How many cells of a matrix lie in some of the blocks, which may overlap. @type {(matrix: Matrix, blocks: Block[]) => number} */
export function countCells(matrix, blocks) {
  if (blocks.length === 1) return blocks[0].reduce((/** @type {number} */ n, x, axis) => n * (x === null ? matrix.shape[axis] : 1), 1);
  let cells = 0;
  for (let r = 0; r < matrix.rows; r++)
    for (let c = 0; c < matrix.cols; c++) if (isInside(blocks, cellIndex(matrix, false, r, c))) cells++;
  return cells;
}
