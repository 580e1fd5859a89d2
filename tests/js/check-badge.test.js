// The mark of a gradient check has the colour and the words of its verdict, and no other.

import assert from "node:assert/strict";
import test from "node:test";

import { checkClass, checkLine, checkMark } from "../../pages/ui/components/stage/js/check-badge.js";

/** @param {Partial<GradientCheck>} changes @returns {GradientCheck} */
const check = (changes) => /** @type {any} */ ({ error: "3e-12", cells: 6, compared: 6, skips: 0, skipped: [], why: "", ...changes });

test("each verdict has its own class, sign and sentence", () => {
  const verdicts = /** @type {const} */ (["agrees", "disagrees", "not measurable"]);
  const [green, red, grey] = verdicts.map((verdict) => check({ verdict, compared: verdict === "not measurable" ? 2 : 6 }));
  assert.deepEqual([green, red, grey].map(checkClass), ["badge good", "badge bad", "badge open"]);
  assert.deepEqual([green, red, grey].map(checkMark), ["\u2713 3e-12", "\u2717 3e-12", "\u2013 2 of 6"]);
  assert.match(checkLine(green), /max. relative error 3e-12, all 6 cells compared/);
  assert.match(checkLine(red), /disagrees/);
  assert.match(checkLine(grey), /not measurable as a whole, 2 of 6 cells compared/);
});
