// The lines of a board: how large their cells can be, and their formulas, matrices and seals.

const SIGN = 30; // what stands between two matrices
const ABOVE = 54; // caption and column numbers of a matrix
const BETWEEN = 62; // the words of a line
const BENCH = 250; // the height of a bench, whose charts need the rest of the screen
const SHOWN = 10; // cells along an axis of a windowed matrix

Object.assign(Board.prototype, {
  /** The part of each axis that is drawn: all of it, or a stretch around what the frame holds. */
  windowOf(spec) {
    const m = this.score.matrices[spec.id];
    const most = spec.small ? 160 : SHOWN * 2;
    const letters = spec.turned ? [...(spec.letters || "  ")].reverse().join("") : spec.letters || "  ";
    const [rows, cols] = spec.turned ? [m.cols, m.rows] : [m.rows, m.cols];
    const byLetter = m.shape.length === 2 ? letters : m.row ? ` ${letters}` : `${letters} `;
    const part = (size, letter) => {
      if (size <= most) return { from: 0, shown: size };
      const at = this.held[letter] ?? 0;
      return { from: Math.max(0, Math.min(size - SHOWN, at - Math.floor(SHOWN / 2))), shown: SHOWN };
    };
    const [r, c] = [part(rows, byLetter[0]), part(cols, byLetter[1])];
    return { row: r.from, rows: r.shown, col: c.from, cols: c.shown };
  },

  /** The largest cell with which every line fits across the board and, on a scene, all fit down it. */
  measure() {
    const width = this.root.clientWidth - 12;
    const proof = this.score.arrangement === "proof" && width > 760;
    const bench = this.score.arrangement === "bench";
    const room = bench ? this.score.room ?? BENCH : Math.max(260, this.sheet.clientHeight - 8);
    const across = proof ? width * 0.5 : width;
    // Words below the last matrices of what is to be read may scroll.
    const last = this.score.lines.findLastIndex((line) => line.strip);
    const measured = this.score.lines.filter((line, k) => line.strip || !(bench || (this.score.legible && k > last)));
    const strips = measured.map((line) => (line.strip ?? []).map((spec) => ({ ...this.windowOf(spec), small: spec.small })));
    const high = (cw, ch) =>
      strips.reduce((total, strip) => {
        let [row, used, sum] = [0, 0, 0];
        for (const { rows, cols, small } of strip) {
          const own = small ? Math.min(cw, this.tiny(strips)) : cw;
          const [w, h] = [cols * own + SIGN + 24, rows * Math.min(ch, own) + ABOVE];
          if (used && used + w > across) [sum, row, used] = [sum + row, 0, 0];
          [used, row] = [used + w, Math.max(row, h)];
        }
        return total + sum + row + BETWEEN;
      }, 0);
    const widest = Math.max(1, ...strips.flat().filter((s) => !s.small).map((s) => s.cols));
    const top = Math.min(proof || bench ? 54 : 72, Math.floor((across - SIGN - 30) / widest));
    const phone = innerWidth <= 760;
    const { cw, ch } =
      phone || proof
        ? { cw: Math.max(12, Math.min(54, top)), ch: 26 }
        : this.score.arrangement === "rungs"
          ? rung(strips, across)
          : largest(top, high, room, this.score.legible);
    const shown = Object.values(this.score.matrices).filter((m) => m.data.length);
    return { cw, ch, ...digitsFor(this, shown, cw, ch, bench ? 10.5 : 9), proof };
  },

  tiny(strips) {
    const most = Math.max(...strips.flat().filter((s) => s.small).map((s) => s.cols));
    return Math.max(5, Math.min(40, Math.floor((this.root.clientWidth * 0.7) / most)));
  },

  draw() {
    if (!this.root.clientWidth) return;
    const sizes = this.measure();
    const { lines, matrices } = this.score;
    const windows = lines.map((line) => (line.strip ?? []).map((spec) => this.windowOf(spec)));
    const shapes = Object.values(matrices).map((m) => m.shape);
    const signature = JSON.stringify([lines.map((l) => [l.formula, l.strip, l.why]), sizes, windows, shapes]);
    if (signature !== this.laid && !this.edits.editing) {
      this.laid = signature;
      this.keepPlace();
      this.tiles = [];
      this.sheet.className = `sheet ${sizes.proof ? "proof" : "scene"}`;
      this.rows = lines.map((line) => this.line(line, sizes));
      this.sheet.replaceChildren(...this.rows.map((row) => row.node));
      this.backToPlace();
    }
    this.scales = this.scalesNow();
    lines.forEach((line, n) => this.say_(line, this.rows[n]));
    this.counter.textContent = `${this.frame + 1} / ${this.count}`;
    this.where.textContent = Object.entries(this.held).sort().map(([letter, at]) => `${letter} = ${at + 1}`).join(", ");
    this.slider.max = this.last;
    this.slider.value = this.frame;
    this.slider.setAttribute("aria-valuetext", this.where.textContent);
    this.repaint();
  },

  /** Every matrix has a scale of its own; what is added up or compared shares one. */
  scalesNow() {
    const groups = {};
    for (const spec of this.score.lines.flatMap((line) => line.strip ?? []))
      (groups[spec.scale ?? spec.id] ??= []).push(this.score.matrices[spec.id]);
    const scales = {};
    for (const shown of Object.values(groups)) {
      const scale = scaleOf(shown.map((m) => (m.stack ? { data: m.all } : m)));
      for (const m of shown) scales[m.id] = scale;
    }
    return scales;
  },

  line(line, sizes) {
    const formula = mathNode(line.formula ?? "", "formula");
    const seal = el("span", "badge");
    const why = el("span", "hint", line.why);
    const numbers = line.numbers === false || !line.value ? null : el("output", "numbers");
    const strip = el("div", "strip");
    for (const spec of line.strip ?? []) {
      const w = this.windowOf(spec);
      const cw = spec.small ? Math.min(sizes.cw, this.tiny([[{ ...w, small: true }]])) : sizes.cw;
      const type = spec.small ? digitsFor(this, [this.score.matrices[spec.id]], cw, sizes.ch, 9) : sizes;
      const view = { ...w, cw, ch: Math.min(sizes.ch, Math.max(cw, 5)), font: type.font, digits: type.digits };
      const tile = buildTile(this, spec, view);
      if (spec.blocks) ruled(tile, spec.blocks);
      this.tiles.push(tile);
      strip.append(el("div", "piece", el("span", "sign", spec.sign), tile.node));
    }
    const node = sizes.proof
      ? el("section", "claim", el("div", "left", formula, why), el("div", "right", ...[numbers, line.strip && strip, seal].filter(Boolean)))
      : el("section", "claim", ...(line.formula || line.why ? [el("div", "head", formula, seal, why)] : []), ...[numbers, line.strip && strip].filter(Boolean));
    return { node, seal, numbers };
  },

  /** What can change from frame to frame and with every edit: the numbers and the seal. */
  say_(line, { seal, numbers }) {
    const { matrices, maker } = this.score;
    if (numbers) {
      const m = matrices[line.value];
      const single = m.shape.length === 0;
      numbers.textContent = single && this.here() ? this.named(cellLine(maker[line.value], matrices, [], this.digits + 1), m) : "";
      numbers.hidden = !single;
    }
    const { check } = line;
    seal.hidden = !check;
    if (!check) return;
    const unseen = check.unseen?.includes(this.frame - this.score.frame.have[0]);
    const good = check.holds && check.meant;
    seal.className = `badge ${unseen || check.error === "" ? "open" : good ? "good" : "bad"}`;
    seal.textContent = unseen ? UNSEEN : sealWords(check);
    seal.title = /differences/.test(check.against ?? "") ? NUDGED : "";
  },

  keepPlace() {
    const cell = this.root.getRootNode().activeElement?.closest?.("td")?.mlp;
    this.place = cell ? { id: cell.tile.spec.id, index: cell.index } : null;
  },

  backToPlace() {
    if (this.place) this.cellAt(this.place.id, this.place.index)?.focus?.({ preventScroll: true });
  },
});

/** The largest cell at which all lines fit: with digits if there is any such, else as heatmaps. */
function largest(top, high, room, legible) {
  for (let cw = top; cw >= READABLE; cw--)
    for (const ch of [26, 22, 19]) if (high(cw, ch) <= room) return { cw, ch };
  // What is to be read keeps its digits, and its lines may scroll.
  if (legible && top >= READABLE) return { cw: Math.min(top, 46), ch: 19 };
  for (let cw = Math.min(top, READABLE); cw > 12; cw--) {
    const ch = Math.max(11, Math.min(cw, 20));
    if (high(cw, ch) <= room) return { cw, ch };
  }
  return { cw: Math.min(top, 14), ch: 11 };
}

/** Rungs of a ladder may scroll, but each stays on one line, all to one scale. */
function rung(strips, across) {
  const cells = (strip) => strip.reduce((n, s) => n + s.cols, 0);
  const widths = strips.map((strip) => (across - strip.length * (SIGN + 26)) / Math.max(1, cells(strip)));
  const cw = Math.max(12, Math.min(62, Math.floor(Math.min(...widths))));
  return { cw, ch: cw >= READABLE ? 22 : Math.max(11, Math.min(cw, 18)) };
}

const UNSEEN = "\u2013 not comparable here: a preactivation or gap is exactly 0, where both sides differ";
const NUDGED = "The number is nudged up and down, and what follows from it is computed anew.";

function sealWords({ holds, meant, error, against, verdict, unseen }) {
  if (verdict) return holds ? `\u2713 this is ${against}` : `\u2717 this is not ${against}`;
  if (!meant) return holds ? "\u2713 here the same: no weight has moved" : `\u2717 not the gradient: off by ${error} of its largest entry`;
  if (error === "") return `\u2013 not comparable with ${against}: at a kink or out of range`;
  const out = unseen?.length ? `; ${unseen.length} ${unseen.length === 1 ? "cell" : "cells"} at a kink left out` : "";
  if (holds) return (error === "0e+00" ? `\u2713 the same as ${against}` : `\u2713 agrees with ${against} to ${error}`) + out;
  return `\u2717 disagrees with ${against}: ${error}`;
}

/** Lines between the blocks of a large matrix. */
function ruled(tile, [rows, cols]) {
  for (const cell of tile.cells) {
    const { r, c } = cell.mlp;
    if (r && r % rows === 0) cell.style.borderTop = "2px solid var(--quiet)";
    if (c && c % cols === 0) cell.style.borderLeft = "2px solid var(--quiet)";
  }
}
