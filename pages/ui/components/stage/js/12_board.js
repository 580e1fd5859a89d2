// The board: a derivation as a few lines of matrices, moved through frame by frame. A frame is a
// cell of a gradient or a piece of a product; it holds some letters, and every matrix whose axes
// carry these letters shows the row, the column or the cell they stand for.

class Board extends Playing {
  constructor(root) {
    super(root);
    this.frame = 0;
    this.visited = new Set();
    this.where = el("span", "where");
    this.slider = el("input", "slider");
    Object.assign(this.slider, { type: "range", min: 0, step: 1 });
    this.slider.setAttribute("aria-label", "Frame");
    this.slider.oninput = () => (this.pause(), this.go(Number(this.slider.value)));
    this.bar = transport(this, "cell", this.slider, this.where);
    this.choices = el("div", "choices");
    this.sheet = el("div", "sheet");
    this.topic = el("p", "about hint");
    this.reader = el("div", "reader");
    this.live = el("div", "spoken");
    this.live.setAttribute("aria-live", "polite");
    this.chapters = el("nav", "chapters");
    this.knob = el("label", "knob");
    const controls = el("div", "controls", this.choices, this.knob, this.bar);
    root.replaceChildren(this.chapters, controls, this.sheet, this.topic, this.reader, this.live);
    this.watch = new ResizeObserver(() => this.score && this.draw());
    this.watch.observe(root);
  }

  destroy() {
    super.destroy();
    this.watch.disconnect();
    clearTimeout(this.later);
  }

  get count() {
    return this.score.frame.sizes.reduce((n, size) => n * size, 1);
  }

  get last() {
    return this.count - 1;
  }

  get atEnd() {
    return this.frame === this.last;
  }

  update(payload, host, post) {
    const before = this.score;
    const dark = this.colours?.dark;
    this.take(payload, host, post);
    if (this.score === before && this.colours.dark === dark) return;
    this.root.classList.toggle("bench", payload.arrangement === "bench");
    const about = JSON.stringify([payload.lines.map((l) => l.formula), payload.frame.letters, payload.frame.sizes]);
    if (about !== this.about) {
      this.about = about;
      this.visited.clear();
      this.pause();
      this.sheet.scrollTop = 0;
    }
    if (payload.cursor.rev !== this.rev) {
      this.rev = payload.cursor.rev;
      this.frame = payload.cursor.frame;
      this.told = this.spot();
    }
    this.frame = Math.min(this.frame, this.last);
    this.bar.classList.toggle("still", this.count === 1);
    this.topic.textContent = payload.frame.legend ?? "";
    this.fillChoices();
    this.fillKnob();
    this.cut();
    this.draw();
  }

  // --- frames -----------------------------------------------------------------------------

  /** What each letter is held at in a frame. */
  lettersOf(frame) {
    const { letters, sizes } = this.score.frame;
    const held = {};
    let rest = frame;
    for (let axis = letters.length - 1; axis >= 0; axis--) {
      held[letters[axis]] = rest % sizes[axis];
      rest = Math.floor(rest / sizes[axis]);
    }
    return held;
  }

  /** The frame in which the letters are held so; a letter that is not named at 0. */
  frameOf(held) {
    const { letters, sizes } = this.score.frame;
    return [...letters].reduce((n, letter, axis) => n * sizes[axis] + (held[letter] ?? 0), 0);
  }

  get held() {
    return this.lettersOf(this.frame);
  }

  get index() {
    return [...this.score.frame.letters].map((letter) => this.held[letter]);
  }

  here() {
    const [from, many] = this.score.frame.have;
    return this.frame >= from && this.frame < from + many;
  }

  /** Stacks show the slice of the frame; one that was not sent is asked for. */
  cut() {
    if (!this.here()) return this.rest();
    this.visited.add(this.frame);
    this.drawn = this.frame;
    const from = this.score.frame.have[0];
    for (const m of Object.values(this.score.matrices)) {
      if (!m.stack) continue;
      m.all ??= m.data;
      const size = m.shape.reduce((n, x) => n * x, 1);
      m.data = m.all.subarray((this.frame - from) * size, (this.frame - from + 1) * size);
    }
  }

  go(frame) {
    this.frame = Math.max(0, Math.min(frame, this.last));
    this.hush();
    this.lights = dark();
    cellToAddress(null);
    this.cut();
    this.draw();
    this.live.textContent = this.frameWords();
    clearTimeout(this.later);
    this.later = setTimeout(() => this.rest(), 300);
  }

  walk(by) {
    if (this.frame + by < 0 || this.frame + by > this.last) return this.pause();
    this.go(this.frame + by);
  }

  spot() {
    return `${this.rev}/${this.frame}`;
  }

  /** Python only needs to know where we came to rest, or what it has to send. */
  rest() {
    clearTimeout(this.later);
    if (this.told === this.spot()) return;
    this.told = this.spot();
    this.post("pick", { frame: this.frame, rev: this.rev });
  }

  frameWords() {
    const { letters, says } = this.score.frame;
    if (says) return says.replace(/\{(\w)\}/g, (_, letter) => this.held[letter] + 1);
    return [...letters].sort().map((letter) => `${letter} = ${this.held[letter] + 1}`).join(", ");
  }

  /** Whether a cell was reached: in order by its first frame, else by any that was looked at. */
  passed(fills, index, letters) {
    const bound = bind(letters, index);
    if (fills === "order") return this.frameOf(bound) <= this.drawn;
    const agrees = (held) => Object.entries(held).every(([letter, at]) => !(letter in bound) || bound[letter] === at);
    return [...this.visited].some((frame) => agrees(this.lettersOf(frame)));
  }

  veiled(spec, index) {
    if (spec.only) {
      const bound = bind(spec.letters, index);
      return Object.entries(this.held).some(([letter, at]) => letter in bound && bound[letter] !== at);
    }
    return Boolean(spec.fills) && !this.passed(spec.fills, index, spec.letters);
  }

  /** What the frame holds lights up; so does what a pointed cell is made of. */
  shine() {
    if (this.lights.id !== null) return;
    const from = {};
    for (const { spec } of this.tiles) {
      const block = reading(spec.letters ?? "", this.held);
      if (block.some((x) => x !== null)) from[spec.of] = [block];
    }
    this.lights = { ...dark(), from };
  }

  // --- pointing ---------------------------------------------------------------------------

  lit() {
    this.repaint();
  }

  repaint() {
    this.shine();
    for (const tile of this.tiles) paintTile(this, tile, this.scales[tile.spec.id] ?? 1);
    this.turnKnob();
    this.read();
  }

  changed(id, at) {
    return !this.score.matrices[id].stack && super.changed(id, at);
  }

  trace({ of, index }) {
    const { maker, steps, chain, matrices } = this.score;
    const passed = new Set(chain.map((s) => s.out));
    const all = [...chain, ...steps.filter((s) => !passed.has(s.out))];
    const from = maker[of] ? provenance(maker[of], index) : {};
    return { id: of, index, from, fed: influence(all, of, index, matrices) };
  }

  /** A click or Enter on a cell whose axes carry the frame's letters goes to that frame. */
  pin(cell) {
    const { tile, index } = cell.mlp;
    const { letters } = this.score.frame;
    const at = bind(tile.spec.letters ?? "", index);
    if (!letters || ![...letters].some((letter) => letter in at)) return super.pin(cell);
    cell.focus({ preventScroll: true });
    this.pause();
    this.go(this.frameOf({ ...this.held, ...at }));
  }

  read() {
    const { matrices, maker, frame, chain } = this.score;
    const { id, index } = this.lights;
    const say = (...nodes) => this.reader.replaceChildren(...nodes);
    if (id === null) {
      const hint = el("span", "hint", el("span", "about", frame.legend ? `${frame.legend} ` : ""), this.hints());
      const words = el("span", "numbers", frame.says && this.count > 1 ? this.frameWords() : "");
      if (!frame.reads || !this.here()) return say(...(words.textContent ? [words] : []), hint);
      const m = matrices[frame.reads];
      const at = [...maker[frame.reads].makes].map((letter) => this.held[letter] ?? 0);
      return say(numbersNode(this.named(cellLine(maker[frame.reads], matrices, at, this.finer), m)), hint);
    }
    const m = matrices[id];
    const zero = this.leftOut(m, index) || (m.why === "zero" && m.data[flat(m, index)] === 0 ? this.reason(m, index) : "");
    const text = maker[id] ? this.named(cellLine(maker[id], matrices, index, this.finer), m, index) : `${m.text}${place(index)} = ${shortest(m.data[flat(m, index)])}`;
    say(numbersNode(text), el("span", "hint", zero || (m.editable ? feedsWords(this.score, influence(chain, id, index)) : m.word)));
  }

  /** What can be done here. */
  hints() {
    const typed = this.tiles.some(({ spec }) => this.score.matrices[spec.id].editable);
    const moves = this.count > 1;
    return [
      TOUCH && moves ? "Tap a cell: go there, or see what made it." : `${POINT} a cell: what made it.`,
      !TOUCH && moves && "Click, arrow keys or space: move on.",
      typed && `${TOUCH ? "Double-tap" : "Double-click, type"} or drag: change a number in a solid frame.`,
    ].filter(Boolean).join(" ");
  }

  /** A number that is made anew for every frame is named by the cell it is about. */
  named(line, m, index = []) {
    if (!m.stack) return line;
    if (!m.by) return m.shape.length ? line : line.replace(m.text, m.text + place(this.index));
    const { matrices } = this.score;
    const name = `\u2202${matrices[m.of].text}${place(index)}/\u2202${matrices[m.by].text}${place(this.index)}`;
    return line.replace(m.text + place(index), name);
  }

  /** Why a number does not count: the matrix that it is multiplied with is 0 there. */
  leftOut(m, index) {
    const mask = this.score.matrices[m.struck];
    if (!mask || mask.data[flat(mask, index)] !== 0) return "";
    return `Not counted, because ${cellLine(this.score.maker[m.struck], this.score.matrices, index, this.finer)}`;
  }

  /** Why a local derivative is zero here: the matrix does not read that cell, or the slope is zero. */
  reason(m, index) {
    const { matrices, chain } = this.score;
    const by = matrices[m.by];
    const reached = influence(chain, m.by, this.index)[m.of];
    const what = `${matrices[m.of].text}${place(index)}`;
    if (!inside(reached, index))
      return `0, because ${what} does not read ${by.text}${place(this.index)}: that feeds only ${blockWords(reached[0])} of ${matrices[m.of].text}.`;
    return `0, although ${what} reads ${by.text}${place(this.index)}: a factor is zero.`;
  }

  across(tile, r, c, down, across, at) {
    const next = this.tiles[this.tiles.indexOf(tile) + across];
    return next && across ? at(next, Math.min(r, next.rows - 1), across > 0 ? 0 : next.cols - 1) : undefined;
  }
}
