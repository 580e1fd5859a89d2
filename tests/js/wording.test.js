// Words about cells.

import assert from "node:assert/strict";
import test from "node:test";

import { gradientWords } from "../../pages/ui/components/stage/js/wording.js";

test("a gradient cell says what it means, and only where it was checked", () => {
  const data = new Float64Array([1, 2, -0.00301, 4]);
  const matrices = {
    dW1: { id: "dW1", shape: [2, 2], data }, W1: { id: "W1", text: "W_1", shape: [2, 2], data },
    delta1: { id: "delta1", shape: [2, 2], data }, S1: { id: "S1", text: "S_1", shape: [2, 2], data }, loss: { text: "L" },
  };
  const model = /** @type {any} */ ({ matrices, checks: { dW1: { verdict: "agrees" }, delta1: { verdict: "agrees" } } });
  assert.equal(gradientWords(model, "dW1", [1, 0]), "If W_1[2, 1] grows by 0.01, L changes by about \u22120.0000301.");
  assert.match(gradientWords(model, "delta1", [0, 1]), /^If S_1\[1, 2\] grows by 0.01, L changes by about 0.02/);
  model.held = { id: "dW1", index: [1, 0], change: -0.0000300123456 };
  assert.match(gradientWords(model, "dW1", [1, 0]), /about \u22120.0000301; exactly \u22120.0000300123\.$/);
  assert.doesNotMatch(gradientWords(model, "dW1", [1, 1]), /exactly/);
  model.checks.dW1.verdict = "disagrees";
  assert.equal(gradientWords(model, "dW1", [1, 0]), "");
  assert.equal(gradientWords(model, "W1", [1, 0]), "");
});
