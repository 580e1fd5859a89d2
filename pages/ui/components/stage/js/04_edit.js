// Editing in the cell. What is typed is shown at once and stands until Python has taken it:
// one message under way at a time, each with everything not yet acknowledged.

/** The number a person typed, or why it is none. */
function parseNumber(text) {
  const typed = text.trim().replaceAll(MINUS, "-");
  if (typed === "") return { why: "nothing was typed" };
  if (/^[+-]?(nan|inf(inity)?|\u221e)$/i.test(typed)) return { why: `${text.trim()} is not a finite number` };
  const plain = /^[+-]?\d*,\d+(e[+-]?\d+)?$/i.test(typed) ? typed.replace(",", ".") : typed;
  if (!/^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(plain)) return { why: `\u201c${clip(text)}\u201d is not a number` };
  const value = Number(plain);
  if (!Number.isFinite(value)) return { why: `${clip(text)} is too large: numbers here end at 1.8e308` };
  return { value };
}

function clip(text) {
  const line = text.trim();
  return line.length > 24 ? `${line.slice(0, 24)}\u2026` : line;
}

const LITERAL = /^\s*(?:\w+\s*=)?\s*(?:[\w.]+\(\s*)?(?:\\begin\{[^}]*\}([^]*)\\end\{[^}]*\}|\[([^]*)\])[^'^T]*$/;

/** A matrix as NumPy, MATLAB or LaTeX write it, as a table: lines, and cells parted by tabs. Any other text as it is. */
function asTable(text) {
  const [, latex, list] = LITERAL.exec(text) ?? [];
  const body = latex?.replace(/\s*\\cdot\s*10\^\{?(-?\d+)\}?/g, "e$1") ?? list;
  if (body === undefined) return text;
  const lines = body.split(latex === undefined ? /\][\s,]*\[|[;\n]/ : /\\\\/);
  const cells = (line) => line.replace(/[[\]]/g, "").trim().split(latex === undefined ? /[\s,]+/ : /\s*&\s*/);
  return lines.map((line) => cells(line).join("\t")).join("\n");
}

/**
 * A pasted block as rows of numbers, or why it is none. Tabs, semicolons, commas or blanks part cells; a comma does
 * where it cannot be a decimal comma.
 */
function parseBlock(pasted) {
  const text = asTable(pasted);
  const lines = text.replace(/\r/g, "").split("\n").filter((line) => line.trim() !== "");
  const part = text.includes("\t") ? "\t" : text.includes(";") ? ";" : /\d,\s|,\S*,|[.e]\S*,\S*[.e]/i.test(text) ? /,\s*/ : /\s+/;
  const rows = [];
  for (const line of lines) {
    const row = [];
    for (const item of line.trim().split(part)) {
      const { value, why } = parseNumber(item);
      if (why) return { why: `row ${rows.length + 1}, column ${row.length + 1} of what was pasted: ${why}` };
      row.push(value);
    }
    if (rows.length && row.length !== rows[0].length)
      return { why: `row ${rows.length + 1} of what was pasted has ${row.length} cells, row 1 has ${rows[0].length}` };
    rows.push(row);
  }
  return rows.length ? { rows } : { why: "nothing was pasted" };
}

function computedWords(matrix) {
  return `${matrix.text} is computed, not typed: change a matrix in a solid frame and it follows.`;
}

class Edits {
  constructor(stage) {
    this.stage = stage;
    this.client = Math.random().toString(36).slice(2);
    this.seq = 0;
    this.overlay = new Map(); // "id|flat" -> {id, index, value, sent}
    this.flying = null;
    this.timer = null;
    this.stroke = 0; // a gesture: all it changes is undone at once
    this.scrubbing = false;
    this.editing = false; // while a field is open, its table stays where it is
  }

  value(id, at) {
    return this.overlay.get(`${id}|${at}`)?.value;
  }

  pending(id, at) {
    return this.overlay.has(`${id}|${at}`);
  }

  set(id, index, value) {
    const at = flat(this.stage.score.matrices[id], index);
    this.stage.beginChange();
    this.overlay.set(`${id}|${at}`, { id, index, value, sent: 0 });
    this.stage.repaint();
    this.send();
  }

  send() {
    if (this.flying !== null || this.overlay.size === 0) return;
    this.flying = ++this.seq;
    const cells = [...this.overlay.values()];
    for (const cell of cells) cell.sent = this.flying;
    clearTimeout(this.silence);
    this.silence = setTimeout(() => this.stage.root.classList.add("unanswered"), 2500);
    this.stage.post("edits", {
      client: this.client,
      seq: this.flying,
      stroke: this.stroke,
      cells: cells.map(({ id, index, value }) => [id, index, value]),
    });
    // A message can be lost with a connection; the same cells then go out again under a new number.
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.again(), 8000);
  }

  /** What was not acknowledged goes out once more. */
  again() {
    clearTimeout(this.timer);
    this.flying = null;
    this.send();
  }

  /** Python answers with the number of the last message it took and what it refused. */
  acknowledge(answer) {
    if (answer?.client !== this.client || this.flying === null || answer.seq < this.flying) return;
    clearTimeout(this.timer);
    clearTimeout(this.silence);
    this.stage.root.classList.remove("unanswered");
    for (const [key, cell] of this.overlay) if (cell.sent && cell.sent <= answer.seq) this.overlay.delete(key);
    this.flying = null;
    for (const { id, index, why } of answer.refused) this.refuse(id, index, why);
    this.send();
  }

  refuse(id, index, why) {
    const cell = this.stage.cellAt(id, index);
    const matrix = this.stage.score.matrices[id];
    this.stage.say(cell, `${matrix.text}${place(index)}: ${why}. It keeps ${exact(matrix.data[flat(matrix, index)])}.`);
  }

  /** Open a text field in a cell. Typing replaces, Enter and Tab take it, Escape leaves it. */
  open(cell, typed) {
    const { id, index } = cell.mlp;
    const matrix = this.stage.score.matrices[id];
    if (!matrix?.editable || cell.querySelector("input")) return;
    this.stage.hush();
    this.stage.pause();
    const at = flat(matrix, index);
    const input = el("input");
    input.value = typed ?? exact(this.value(id, at) ?? matrix.data[at]);
    input.inputMode = "text";
    input.setAttribute("aria-label", `${matrix.spoken}, ${spokenPlace(matrix, index)}, new value`);
    cell.replaceChildren(input);
    cell.classList.add("editing");
    this.editing = true;
    input.focus();
    if (typed === undefined) input.select();
    let done = false;
    const close = (take, move) => {
      if (done) return;
      done = true;
      const text = input.value;
      cell.mlp.key = null;
      input.remove();
      this.editing = false;
      const fine = take ? this.take(cell, text) : true;
      this.stage.draw();
      if (!move) return;
      const here = this.stage.cellAt(id, index) ?? cell; // the table may have been drawn anew
      ((fine && here.mlp ? this.stage.neighbour(here, move) : null) ?? here).focus();
    };
    input.onkeydown = (event) => {
      event.stopPropagation();
      if (event.isComposing) return;
      if (event.key === "Enter") close(true, [event.shiftKey ? -1 : 1, 0]);
      else if (event.key === "Tab") close(true, [0, event.shiftKey ? -1 : 1]);
      else if (event.key === "Escape") close(false, [0, 0]);
      else return;
      event.preventDefault();
    };
    input.onblur = () => close(true, null);
    input.onpaste = (event) => {
      const text = event.clipboardData.getData("text");
      if (!/[\t\n;[\\]/.test(text.trim()) && !(parseBlock(text).rows?.[0].length > 1)) return;
      event.preventDefault();
      close(false, [0, 0]);
      this.paste(cell, text);
    };
  }

  /** Whether what was typed is a number; if so it is set. */
  take(cell, text) {
    const { id, index } = cell.mlp;
    const { value, why } = parseNumber(text);
    const matrix = this.stage.score.matrices[id];
    const at = flat(matrix, index);
    if (why) {
      this.refuse(id, index, why);
      return false;
    }
    if (value !== (this.value(id, at) ?? matrix.data[at])) {
      this.stroke++;
      this.set(id, index, value);
    }
    return true;
  }

  /** Put a block into the matrix, its first number in this cell: all of it or nothing. */
  paste(cell, text) {
    const { id, index, r, c, tile } = cell.mlp;
    const matrix = this.stage.score.matrices[id];
    if (!matrix.editable) return this.stage.say(cell, computedWords(matrix));
    const { rows, why } = parseBlock(text);
    if (why) return this.stage.say(cell, `${why}. Nothing was changed.`);
    const room = [tile.rows - r, tile.cols - c];
    if (rows.length > room[0] || rows[0].length > room[1]) {
      const block = `${rows.length}\u00d7${rows[0].length}`;
      const from = `${matrix.text}${place(index)}`;
      return this.stage.say(
        cell,
        `The pasted block is ${block}, but from ${from} on there is room for ${room.join("\u00d7")}. Nothing was changed.`,
      );
    }
    this.stage.hush();
    this.stroke++;
    rows.forEach((row, i) =>
      row.forEach((value, j) => this.set(id, indexOf(matrix, tile.spec.turned, r + i, c + j), value)),
    );
  }

  /** Drag sideways to scrub: four pixels a notch, a notch a hundredth of the number's size. */
  scrub(cell, event) {
    const { id, index } = cell.mlp;
    const matrix = this.stage.score.matrices[id];
    if (!matrix.editable || event.button !== 0 || cell.querySelector("input")) return;
    const at = flat(matrix, index);
    const from = this.value(id, at) ?? matrix.data[at];
    const notch = 0.01 * 10 ** Math.max(0, Math.floor(Math.log10(Math.abs(from) || 1)));
    let moved = 0;
    this.stroke++;
    this.stage.pause();
    this.scrubbing = true;
    const move = (e) => {
      const notches = Math.trunc((e.clientX - event.clientX) / 4);
      if (notches === moved) return;
      moved = notches;
      cell.classList.add("scrubbing");
      this.set(id, index, Number((from + notches * notch).toFixed(10)));
    };
    const escape = (e) => {
      if (e.key !== "Escape") return;
      e.stopPropagation();
      if (moved) this.set(id, index, from);
      up();
    };
    const up = () => {
      this.scrubbing = false;
      removeEventListener("keydown", escape, true);
      removeEventListener("pointermove", move);
      removeEventListener("pointerup", up);
      removeEventListener("pointercancel", up);
      this.stage.scrubbed = moved !== 0;
    };
    addEventListener("keydown", escape, true);
    addEventListener("pointermove", move);
    addEventListener("pointerup", up);
    addEventListener("pointercancel", up);
  }
}
