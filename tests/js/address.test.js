// The cell that an address holds: one of the pass, or none.

import assert from "node:assert/strict";
import test from "node:test";

import { readCell } from "../../pages/ui/components/stage/js/address.js";

const model = /** @type {any} */ ({ example: "worksheet", matrices: { W1: { shape: [3, 2] }, rate: { shape: [] } } });

test("a cell that is not there is none", () => {
  for (const cell of ["W1:1,1,1", "W1:9,9", "nothing:1", "W1", ":", "__proto__:1", "W1:a,b", "W1:-1,0", "W1:1.5,1", ""]) {
    Object.assign(globalThis, { location: { href: `http://localhost/?cell=${encodeURIComponent(cell)}` } });
    assert.equal(readCell(model), null, cell);
  }
  Object.assign(globalThis, { location: { href: "http://localhost/?cell=W1:2,1" } });
  assert.deepEqual(readCell(model), { id: "W1", of: "W1", index: [1, 0] });
});
