// Edits reach Python in the order in which they were made, one message at a time, and none is lost.

import assert from "node:assert/strict";
import test from "node:test";

import { EditQueue } from "../../pages/ui/components/stage/js/edit-queue.js";

/** A stage without a page, and the messages that it was asked to post. */
function makeQueue() {
  /** @type {any[]} */
  const posted = [];
  /** @type {string[]} */
  const shown = [];
  const W = { id: "W1", text: "W_1", shape: [2, 2], rows: 2, cols: 2, data: Float64Array.of(1, 2, 3, 4) };
  const stage = /** @type {any} */ ({
    model: { matrices: { W1: W } },
    root: { classList: { add() {}, remove() {} } },
    rememberMatrices() {},
    repaint() {},
    cellAt: () => null,
    showMessage: (/** @type {null} */ _cell, /** @type {string} */ text) => shown.push(text),
    showChoices: (/** @type {null} */ _cell, /** @type {string} */ _words, /** @type {any[]} */ items) => items[1][1](),
    post: (/** @type {string} */ _name, /** @type {object} */ value) => posted.push(value),
  });
  const queue = new EditQueue(stage);
  /** @type {(refused?: Answer["refused"]) => void} */
  const answer = (refused = []) => queue.acknowledge({ client: queue.client, seq: posted[posted.length - 1].seq, refused });
  return { queue, posted, shown, answer };
}

const PASTE = { id: "W1", index: [0, 0], turned: false, text: "5 6", stroke: 2 };

test("while a message is in flight edits wait, and go out together", (t) => {
  t.mock.timers.enable({ apis: ["setTimeout"] });
  const { queue, posted, answer } = makeQueue();
  queue.set("W1", [0, 0], 5);
  queue.set("W1", [0, 1], 6);
  queue.set("W1", [0, 1], 7);
  assert.deepEqual(posted.map((m) => m.cells), [[["W1", [0, 0], 5]]]);
  assert.equal(queue.value("W1", 1), 7);
  answer();
  assert.deepEqual(posted[1].cells, [["W1", [0, 1], 7]]);
  answer();
  assert.ok(queue.isEmpty);
  assert.equal(posted.length, 2);
});

test("a paste comes after what was typed before it and before what was typed after it", (t) => {
  t.mock.timers.enable({ apis: ["setTimeout"] });
  const { queue, posted, answer } = makeQueue();
  queue.set("W1", [0, 0], 1);
  queue.set("W1", [1, 1], 2);
  queue.paste(PASTE);
  queue.set("W1", [0, 0], 9);
  for (let n = 0; n < 4; n++) answer();
  const order = posted.map((m) => m.paste?.text ?? m.cells.map((/** @type {any[]} */ c) => c[2]).join());
  assert.deepEqual(order, ["1", "2", "5 6", "9"]);
  assert.equal(posted[2].stroke, 2);
  assert.ok(queue.isEmpty);
});

test("an edit or a paste without an answer is sent again under a new number", (t) => {
  t.mock.timers.enable({ apis: ["setTimeout"] });
  for (const edit of [(/** @type {EditQueue} */ q) => q.set("W1", [0, 0], 5), (/** @type {EditQueue} */ q) => q.paste(PASTE)]) {
    const { queue, posted, answer } = makeQueue();
    edit(queue);
    t.mock.timers.tick(8000);
    assert.equal(posted.length, 2);
    assert.equal(posted[1].seq, posted[0].seq + 1);
    queue.acknowledge({ client: queue.client, seq: posted[0].seq, refused: [] });
    assert.ok(!queue.isEmpty, "an old answer is no answer");
    answer();
    assert.ok(queue.isEmpty);
  }
});

test("an answer to another page changes nothing", (t) => {
  t.mock.timers.enable({ apis: ["setTimeout"] });
  const { queue, posted } = makeQueue();
  queue.set("W1", [0, 0], 5);
  queue.acknowledge({ client: "another", seq: posted[0].seq, refused: [] });
  assert.equal(queue.value("W1", 0), 5);
});

test("a refusal is shown with the number the cell keeps, or as Python says it", (t) => {
  t.mock.timers.enable({ apis: ["setTimeout"] });
  const { queue, shown, answer } = makeQueue();
  queue.set("W1", [1, 0], 5);
  answer([{ id: "W1", index: [1, 0], why: "no" }]);
  queue.paste(PASTE);
  answer([{ id: "W1", index: [0, 0], message: "Row 1 is odd. Nothing was changed." }]);
  assert.deepEqual(shown, ["No. W_1[2, 1] is still 3.", "Row 1 is odd. Nothing was changed."]);
});

test("what is chosen of a text with two readings is pasted in its place", (t) => {
  t.mock.timers.enable({ apis: ["setTimeout"] });
  const { queue, posted, answer } = makeQueue();
  queue.paste({ ...PASTE, turned: true });
  const choices = [{ label: "2\u00d71", text: "1.5" }, { label: "1\u00d72", text: "1.0,5.0" }];
  answer([{ id: "W1", index: [0, 0], message: "Two ways:", turned: true, choices }]);
  answer();
  assert.deepEqual(posted[1].paste, { id: "W1", index: [0, 0], turned: true, text: "1.0,5.0" });
  assert.ok(queue.isEmpty);
});
