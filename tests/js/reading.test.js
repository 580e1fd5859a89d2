// The two readings of a payload compared: what Python says of it, and what the modules make of it.

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import test from "node:test";

import { cellFormula, sumTerms, viewEquation } from "../../pages/ui/components/stage/js/cell-formula.js";
import { exactNumber, formatNumber, matrixStyle, shortestNumber } from "../../pages/ui/components/stage/js/number-format.js";
import { parseNumber } from "../../pages/ui/components/stage/js/number-parse.js";
import { flatIndex, readPayload } from "../../pages/ui/components/stage/js/payload.js";
import { countCells, influence, isInside, provenance } from "../../pages/ui/components/stage/js/provenance.js";

const root = fileURLToPath(new URL("../..", import.meta.url));
const python = process.env.PYTHON ?? "python3";
const output = execFileSync(python, ["-m", "tests.js.write_fixtures"], { cwd: root, maxBuffer: 1e9, encoding: "utf8" });
const fixtures = JSON.parse(output);

/** A number as Python's `repr` writes it. @param {number} x */
function repr(x) {
  if (Number.isNaN(x)) return "nan";
  if (!Number.isFinite(x)) return x > 0 ? "inf" : "-inf";
  if (Object.is(x, -0)) return "-0.0";
  const [mantissa, exponent] = x.toExponential().split("e");
  const power = Number(exponent);
  if (power < -4 || power >= 16) return `${mantissa}e${power < 0 ? "-" : "+"}${String(Math.abs(power)).padStart(2, "0")}`;
  return Number.isInteger(x) ? `${x}.0` : power < 0 ? x.toFixed(mantissa.replace(/[-.]/g, "").length - power - 1) : String(x);
}

/** The index of every cell of a matrix. @param {Matrix} matrix */
function cellsOf({ shape }) {
  const size = shape.reduce((n, x) => n * x, 1);
  return Array.from({ length: size }, (_, at) =>
    shape.length === 2 ? [Math.floor(at / shape[1]), at % shape[1]] : shape.length ? [at] : [],
  );
}

for (const [number, { payload, expected }] of fixtures.cases.entries()) {
  test(`set-up ${number}: every cell has Python's formula and provenance`, () => {
    const { steps, matrices } = readPayload(payload);
    assert.ok(steps.length > 5);
    steps.forEach((step, k) => {
      assert.ok(expected[k].length > 0);
      for (const { index, text, provenance: blocks } of expected[k]) {
        assert.equal(cellFormula(step, matrices, index, repr), text, `${step.out} [${index}]`);
        const read = Object.entries(provenance(step, index)).map(([id, [block]]) => [id, block]);
        assert.deepEqual(Object.fromEntries(read), blocks, `${step.out} [${index}]`);
      }
    });
  });

  test(`set-up ${number}: the terms of a cell that is a sum add up to what Python computed`, () => {
    const { steps, matrices } = readPayload(payload);
    let sums = 0;
    for (const [k, step] of steps.entries()) {
      for (const { index } of step.cell.length === 1 ? expected[k] : []) {
        const terms = sumTerms(step, matrices, index).map(({ value }) => value);
        const total = terms.reduce((a, b) => a + b, 0);
        const most = Math.max(...terms.map(Math.abs), 1e-300);
        const made = matrices[step.out].data[flatIndex(matrices[step.out], index)];
        if (!terms.length || !Number.isFinite(total)) continue;
        sums++;
        assert.ok(Math.abs(total - made) <= 1e-6 * most, `${step.out} [${index}]: ${total}, not ${made}`);
      }
    }
    assert.ok(sums > 3);
  });

  test(`set-up ${number}: an operand that is read through a function is explained by that function`, () => {
    const model = readPayload(payload);
    for (const step of model.steps) {
      for (const [k, { id, name }] of Object.entries(step.views)) {
        const index = cellsOf(model.matrices[id])[0];
        const [read, seen] = [step.operands[Number(k)], id].map((m) => model.matrices[m].data[0]);
        const style = { ...matrixStyle([0.5], 4), short: false };
        const text = viewEquation(model, id, index, { digits: 4, cut: "round" });
        assert.ok(text.startsWith(`${model.matrices[id].text}[1, 1] = ${name}(`), text);
        if ([read, seen].every((x) => Number.isFinite(x) && Math.abs(x) < 10))
          assert.ok(text.includes("e") || text.endsWith(`${name}(${formatNumber(read, style)}) = ${formatNumber(seen, style)}`), text);
      }
    }
    assert.equal(viewEquation(model, model.steps[0].out, [0, 0], { digits: 4, cut: "round" }), "");
  });

  test(`set-up ${number}: a cell feeds what is made of it, and nothing else in one step`, () => {
    const { steps, matrices } = readPayload(payload);
    for (const [k, step] of steps.entries()) {
      for (const { index, provenance: blocks } of expected[k].slice(0, 3)) {
        for (const id of step.operands) {
          for (const cell of cellsOf(matrices[id]).slice(0, 6)) {
            const feeds = isInside(influence([step], id, cell)[step.out], index);
            const once = step.operands.filter((other) => other === id).length === 1;
            if (once) assert.equal(feeds, isInside([blocks[id]], cell), `${id} [${cell}] -> ${step.out} [${index}]`);
          }
        }
      }
    }
  });
}

test("numbers are written to the last digit where they are typed", () => {
  for (const { value } of fixtures.numbers) assert.equal(parseNumber(exactNumber(value)).value, value);
});

test("what is no finite number has a sign of its own", () => {
  assert.deepEqual([NaN, Infinity, -Infinity, 0, -0].map((x) => formatNumber(x)), ["NaN", "\u221e", "\u2212\u221e", "0", "0"]);
  assert.equal(shortestNumber(0.1 + 0.2), "0.3");
});

test("decimals are decimals in a matrix and by themselves, as in the export", () => {
  for (const { data, digits, cut, written } of fixtures.matrices) {
    const style = matrixStyle(data, digits, cut);
    const texts = data.map((/** @type {number} */ x) => formatNumber(x, style).replaceAll("\u2212", "-"));
    assert.deepEqual(texts, written, `${digits} ${cut}`);
    if (cut !== "worksheet" && !style.power)
      for (const text of texts) assert.match(text, new RegExp(`^(0|-?\\d+\\.\\d{${digits}})$`));
  }
  assert.ok(fixtures.matrices.some((/** @type {{ data: number[], digits: number }} */ m) => matrixStyle(m.data, m.digits).power));
  /** @param {number[]} data @param {number} digits */
  const texts = (data, digits) => data.map((x) => formatNumber(x, matrixStyle(data, digits)));
  assert.deepEqual(texts([0.002, 0.1, 0], 2), ["0.00", "0.10", "0"]);
  assert.deepEqual(texts([0.0002, 0.00001, 0], 4), ["2.0000e\u22124", "1.0000e\u22125", "0"]);
  assert.deepEqual(texts([0.00001234, -2e-7], 4), ["1.2340e\u22125", "\u22122.0000e\u22127"]);
  assert.deepEqual(texts([0.5, -0.00503, 0.1205], 4), ["0.5000", "\u22120.0050", "0.1205"]);
});

test("under the worksheet's rule the digits of exercise 2 are those that are printed", () => {
  for (const [id, cells] of Object.entries(fixtures.sheet)) {
    const style = matrixStyle(cells.map((/** @type {{ value: number }} */ c) => c.value), 4, "worksheet", id);
    for (const { value, printed } of cells) assert.equal(formatNumber(value, style).replaceAll("\u2212", "-"), printed, id);
  }
});

test("a typed number is the one that Python's parser reads", () => {
  for (const { text, value } of fixtures.typed) assert.equal(parseNumber(text).value, value, text);
});

test("what Python's parser refuses is refused with a reason", () => {
  for (const text of fixtures.refused) {
    const { value, why } = parseNumber(text);
    assert.equal(value, undefined, text);
    assert.ok(why, text);
  }
});

test("overlapping blocks count a cell once", () => {
  const { matrices } = readPayload(fixtures.cases[0].payload);
  const matrix = Object.values(matrices).find((m) => m.shape.length === 2);
  assert.ok(matrix);
  assert.equal(countCells(matrix, [[0, null], [null, 0]]), matrix.rows + matrix.cols - 1);
});
