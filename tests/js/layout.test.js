// The layout: how large the type is, and how much of a matrix is drawn.

import assert from "node:assert/strict";
import test from "node:test";

import { LEAST, MOST, cellWidth, fitType, fitWindow, longestNumber, sizesOf } from "../../pages/ui/components/stage/js/layout.js";
import { layOutStep } from "../../pages/ui/components/stage/js/step-layout.js";

/** @type {(rows: number, cols: number, value?: number) => Matrix} */
const matrix = (rows, cols, value = -0.1234) =>
  /** @type {Matrix} */ (/** @type {unknown} */ ({ rows, cols, shape: [rows, cols], data: new Float64Array(rows * cols).fill(value) }));

/** A stage that plays the products `Wx = W x` of these sizes. @param {[number, number, number][]} sizes */
function makeStage(...sizes) {
  /** @type {Matrices} */
  const matrices = {};
  const steps = sizes.map(([m, k, n], number) => {
    Object.assign(matrices, { [`W${number}`]: matrix(m, k, 0.09), [`x${number}`]: matrix(k, n), [`Wx${number}`]: matrix(m, n) });
    const tile = (/** @type {string} */ id, /** @type {string} */ slot, /** @type {string} */ axes) => ({ id, of: id, slot, rows: axes[0], cols: axes[1] });
    return { number, out: `Wx${number}`, tiles: [tile(`W${number}`, "left", "ik"), tile(`x${number}`, "above", "kn"), tile(`Wx${number}`, "result", "in")] };
  });
  return /** @type {any} */ ({ model: { matrices, steps }, digits: 4, cut: "round" });
}

test("the type is the largest at which everything fits, and never outside its bounds", () => {
  for (let limit = 100; limit < 3000; limit += 37) {
    const fits = (/** @type {Sizes} */ { cw, ch, gap, head }) => 8 * cw + gap <= limit && 4 * ch + head <= limit;
    const { font } = fitType(3.3, fits);
    assert.ok(font >= LEAST && font <= MOST);
    if (font > LEAST) assert.ok(fits(sizesOf(font, 3.3)), `${limit}`);
    if (font < MOST) assert.ok(!fits(sizesOf(font + 1, 3.3)), `${limit}`);
  }
});

test("a window is all of a matrix where that fits, else fills its room to the last cell", () => {
  for (const most of [3, 7, 20, 64]) {
    const shown = fitWindow({ i: 64, n: 5 }, ({ i, n }) => [...(i > most ? ["i"] : []), ...(n > most ? ["n"] : [])]);
    assert.deepEqual(shown, { i: Math.min(64, most), n: Math.min(5, most) });
  }
});

test("the longest number of a large matrix has room, wherever it stands", () => {
  const data = new Float64Array(5000).fill(0.5);
  data[4321] = -123.45678;
  assert.equal(longestNumber([{ id: "X", data }], 4, "round"), longestNumber([matrix(1, 1, -123.4568)], 4, "round"));
});

test("every step has one type, and results one place where that is not dear", () => {
  const stage = makeStage([3, 2, 4], [1, 3, 4]);
  for (const [width, height] of [[940, 424], [1580, 780], [360, 470]]) {
    const sizes = stage.model.steps.map((/** @type {Step} */ step) => layOutStep(stage, step, { width, height }));
    assert.equal(new Set(sizes.map((/** @type {StepSizes} */ s) => s.font)).size, 1);
    assert.ok(sizes.every((/** @type {StepSizes} */ s) => s.shown === null));
  }
  const beamer = layOutStep(stage, stage.model.steps[0], { width: 1580, height: 780 });
  assert.equal(beamer.font, MOST);
  assert.ok(beamer.place);
});

test("a step too large for the least type is drawn in part, within its room", () => {
  const stage = makeStage([64, 64, 64]);
  const [width, height] = [930, 420];
  const { font, shown, cells, ch, gap, head } = layOutStep(stage, stage.model.steps[0], { width, height });
  assert.equal(font, LEAST);
  assert.ok(shown && Math.min(...Object.values(shown)) >= 5);
  assert.ok(shown.k * cellWidth(font, 2.8) + shown.n * cells + 2 * gap <= width);
  assert.ok((shown.k + shown.i) * ch + 2 * head <= height);
});

test("matrices of one shape are stacked where they do not fit beside each other, also above a number", () => {
  for (const axes of ["in", ""]) {
    const stage = makeStage([8, 16, 16]);
    const { matrices, steps } = stage.model;
    Object.assign(matrices, { A: matrix(axes ? 8 : 3, 16), B: matrix(3, 16), out: axes ? matrix(8, 16) : matrix(1, 1) });
    const tile = (/** @type {string} */ id, /** @type {string} */ slot, at = "in") => ({ id, of: id, slot, rows: at[0] ?? "", cols: at[1] ?? "" });
    const operands = axes ? [tile("A", "left")] : [tile("A", "left"), tile("B", "above")];
    steps[0] = { number: 0, out: "out", tiles: [...operands, tile("out", "result", axes)] };
    const { shown, stacked } = layOutStep(stage, steps[0], { width: 960, height: 406 });
    assert.deepEqual([shown, stacked], [null, true]);
  }
});
