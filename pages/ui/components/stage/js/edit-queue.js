// What was typed or pasted, until Python has taken it: one message in flight at a time.

import { exactNumber } from "./number-format.js";
import { flatIndex } from "./payload.js";
import { indexText } from "./wording.js";
/** @import { Stage } from "./stage.js" */

const SLOW = 2500; // milliseconds without an answer after which the page shows it
const LOST = 8000; // after which a message is taken for lost with its connection

export class EditQueue {
  /** @type {Map<string, TypedCell>} by `id|flat index`, in the order in which they were typed */
  cells = new Map();
  /** @type {Paste[]} parsed by Python; until then the cells are shown as they were */
  pastes = [];
  /** A gesture: all that it changes is undone at once. */
  stroke = 0;
  seq = 0;
  /** @type {number | null} */
  inFlight = null;
  /** @type {Timer | undefined} */
  slowTimer;
  /** @type {Timer | undefined} */
  lostTimer;

  /** @param {Stage} stage */
  constructor(stage) {
    this.stage = stage;
    this.client = Math.random().toString(36).slice(2);
  }

  get isEmpty() {
    return this.cells.size === 0 && this.pastes.length === 0;
  }

  /** The number of a cell as it is shown: the one that was typed, while Python has not taken it. @type {(id: string, at: number) => number} */
  value(id, at) {
    return this.cells.get(`${id}|${at}`)?.value ?? this.stage.model.matrices[id].data[at];
  }

  /** @type {(id: string, at: number) => boolean} */
  isPending(id, at) {
    return this.cells.has(`${id}|${at}`);
  }

  /** @type {(id: string, index: Index, value: number) => void} */
  set(id, index, value) {
    const at = flatIndex(this.stage.model.matrices[id], index);
    this.stage.rememberMatrices();
    this.cells.set(`${id}|${at}`, { id, index, value, sent: 0, after: this.pastes.length });
    this.stage.repaint();
    this.send();
  }

  /** @param {Omit<Paste, "sent">} paste */
  paste(paste) {
    this.stage.rememberMatrices();
    this.pastes.push({ ...paste, sent: 0 });
    this.send();
  }

  /** Send the cells that were typed before the first paste, or else that paste. */
  send() {
    if (this.inFlight !== null || this.isEmpty) return;
    const cells = [...this.cells.values()].filter((cell) => cell.after === 0);
    const entries = cells.length ? cells : this.pastes.slice(0, 1);
    this.inFlight = ++this.seq;
    for (const entry of entries) entry.sent = this.inFlight;
    clearTimeout(this.slowTimer);
    this.slowTimer = setTimeout(() => this.stage.root.classList.add("unanswered"), SLOW);
    const [paste] = this.pastes;
    this.stage.post("edits", {
      client: this.client,
      seq: this.inFlight,
      ...(cells.length
        ? { stroke: this.stroke, cells: cells.map(({ id, index, value }) => [id, index, value]) }
        : { stroke: paste.stroke, paste: { id: paste.id, index: paste.index, turned: paste.turned, text: paste.text } }),
    });
    clearTimeout(this.lostTimer);
    this.lostTimer = setTimeout(() => this.resend(), LOST);
  }

  /** Send once more what was not acknowledged, under a new number. */
  resend() {
    clearTimeout(this.lostTimer);
    this.inFlight = null;
    this.send();
  }

  /**
   * Python answers with the number of the last message it took and what it refused.
   *
   * @param {Answer | null} answer
   */
  acknowledge(answer) {
    if (answer?.client !== this.client || this.inFlight === null || answer.seq < this.inFlight) return;
    clearTimeout(this.lostTimer);
    clearTimeout(this.slowTimer);
    this.stage.root.classList.remove("unanswered");
    for (const [key, cell] of this.cells) if (cell.sent && cell.sent <= answer.seq) this.cells.delete(key);
    if (this.pastes[0]?.sent && this.pastes[0].sent <= answer.seq) {
      this.pastes.shift();
      for (const cell of this.cells.values()) cell.after--;
    }
    this.inFlight = null;
    for (const refusal of answer.refused) this.refuse(refusal);
    this.send();
  }

  /**
   * Show beside a cell why it keeps its value, or ask what was meant.
   *
   * @param {Refusal} refusal
   */
  refuse({ id, index, why, message, turned, choices }) {
    if (choices) {
      /** @type {[string, () => void][]} */
      const items = choices.map(({ label, text }) => [
        label,
        () => this.paste({ id, index, turned: Boolean(turned), text, stroke: ++this.stroke }),
      ]);
      this.stage.showChoices(this.stage.cellAt(id, index), `${message}`, items);
      return;
    }
    const matrix = this.stage.model.matrices[id];
    const kept = exactNumber(matrix.data[flatIndex(matrix, index)]);
    const reason = `${why}`.replace(/^./, (first) => first.toUpperCase());
    const text = message ?? `${reason}. ${matrix.text}${indexText(index)} is still ${kept}.`;
    this.stage.showMessage(this.stage.cellAt(id, index), text);
  }

  /** All that Python has not taken, for a page that is reloaded. */
  unsent() {
    return { cells: [...this.cells.values()], pastes: this.pastes };
  }
}
