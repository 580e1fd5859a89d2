// Moving through frames, by hand or by itself; and through the steps of a pass, by equation or
// cell by cell.

const SPEEDS = { slow: 3000, normal: 1500, fast: 600 };

/** What can be played: it has `go(n)`, `walk(by)`, `last`, and says `atEnd`. */
class Playing extends Stage {
  constructor(root) {
    super(root);
    this.speed = "normal";
    // On the way down: a select box keeps to itself the keys that come up to it.
    const how = { capture: true, signal: this.ended.signal };
    document.addEventListener("keydown", (event) => this.key(event), how);
  }

  destroy() {
    super.destroy();
    clearInterval(this.timer);
    clearTimeout(this.later);
  }

  toggle() {
    if (this.timer) return this.pause();
    if (this.atEnd) this.go(0);
    this.timer = setInterval(() => this.walk(1), SPEEDS[this.speed]);
    this.playButton.replaceChildren(icon("pause"));
    this.playButton.setAttribute("aria-label", "Pause");
  }

  pause() {
    clearInterval(this.timer);
    this.timer = null;
    this.playButton.replaceChildren(icon("play"));
    this.playButton.setAttribute("aria-label", "Play");
  }

  setSpeed(name) {
    this.speed = name;
    if (this.timer) this.pause(), this.toggle();
  }

  key(event) {
    const target = event.composedPath()[0];
    if (event.ctrlKey || event.metaKey || event.altKey || !this.score) return;
    // A closed select box keeps the focus after a choice; the arrows are ours again then.
    const closed = target.matches?.('[role="combobox"][aria-expanded="false"]');
    if (!closed && target.closest?.("input, textarea, select, [contenteditable=true], [role=slider], [role=radiogroup], [role=combobox], [role=dialog], [role=menu]")) return;
    this.hush();
    const cell = this.root.contains(target) ? target.closest("td") : null;
    if (cell?.mlp && this.cellKey(event, cell)) return event.preventDefault();
    const onButton = target.closest?.("button, a, summary");
    const keys = {
      ArrowRight: () => this.walk(1), ArrowLeft: () => this.walk(-1), n: () => this.walk(1), p: () => this.walk(-1),
      Home: () => this.go(0), End: () => this.go(this.last), ...this.keys(),
      Escape: () => this.unpin(), ...(onButton ? {} : { " ": () => this.toggle() }),
    };
    if (!keys[event.key]) return;
    keys[event.key]();
    event.preventDefault();
  }

  /** Further keys. */
  keys() {
    return {};
  }
}

class Walker extends Playing {
  constructor(root) {
    super(root);
    this.step = 0;
    this.cell = null; // cell by cell: how far the result has been filled in
  }

  get current() {
    return this.score.steps[this.step];
  }

  get last() {
    return this.score.steps.length - 1;
  }

  get atEnd() {
    return this.step === this.last && this.cell === null;
  }

  keys() {
    return { e: () => this.toggleCells() };
  }

  pointResult() {
    const { out, makes } = this.current;
    const { shape } = this.score.matrices[out];
    const at = this.cell;
    const index = makes.length === 2 ? [Math.floor(at / shape[1]), at % shape[1]] : makes.length ? [at] : [];
    this.lights = { id: out, index, from: provenance(this.current, index), fed: {}, pinned: true, held: null };
  }

  /** Cell by cell: what the walk has not reached yet is veiled. */
  veiled(spec, index) {
    return this.cell !== null && spec.slot === "result" && flat(this.score.matrices[spec.id], index) > this.cell;
  }

  go(number) {
    this.step = Math.max(0, Math.min(number, this.score.steps.length - 1));
    if (this.cell !== null) this.cell = 0;
    this.arrive();
  }

  walk(by) {
    const { steps, matrices } = this.score;
    if (this.cell !== null) {
      const next = this.cell + by;
      if (next >= 0 && next < matrices[this.current.out].data.length) {
        this.cell = next;
        return this.arrive();
      }
      if (this.step + by < 0 || this.step + by >= steps.length) return this.pause();
      this.step += by;
      this.cell = by > 0 ? 0 : matrices[this.current.out].data.length - 1;
      return this.arrive();
    }
    if (this.step + by < 0 || this.step + by >= steps.length) return this.pause();
    this.go(this.step + by);
  }

  arrive() {
    this.hush();
    this.lights = dark();
    cellToAddress(null);
    this.draw();
    const spoken = this.cell === null ? this.current.spoken : cellLine(this.current, this.score.matrices, this.lights.index, 4);
    this.live.textContent = `Step ${this.step + 1} of ${this.score.steps.length}. ${spoken}`;
    // Python only needs to know where we came to rest, so that the place survives a change of page.
    clearTimeout(this.later);
    this.later = setTimeout(() => this.rest(), 300);
  }

  rest() {
    clearTimeout(this.later);
    if (this.told === this.step) return;
    this.told = this.step;
    this.post("cursor", { step: this.step, rev: this.rev });
  }

  toggleCells() {
    this.cell = this.cell === null ? 0 : null;
    this.byCell.setAttribute("aria-pressed", String(this.cell !== null));
    this.arrive();
  }
}
