// The wall: the whole pass at a glance, a card a layer, every matrix opening its step.

class Wall extends Stage {
  constructor(root) {
    super(root);
    this.cards = el("div", "cards");
    this.reader = el("div", "reader");
    this.decimals = decimals(this);
    this.topic = el("p", "about hint");
    root.replaceChildren(this.topic, this.reader, this.cards);
    root.onkeydown = (event) => {
      const cell = cellOf(event);
      if (event.ctrlKey || event.metaKey || event.altKey) return;
      this.hush();
      if (!cell || event.composedPath()[0].closest("input")) return;
      if (this.cellKey(event, cell)) {
        event.preventDefault();
        event.stopPropagation();
      }
    };
    this.watch = new ResizeObserver(() => this.score && this.draw());
    this.watch.observe(root);
  }

  destroy() {
    super.destroy();
    this.watch.disconnect();
  }

  update(payload, host, post) {
    this.take(payload, host, post);
    this.scales = Object.fromEntries(Object.values(this.score.matrices).map((m) => [m.id, scaleOf([m])]));
    this.topic.replaceChildren(el("div", "", this.score.look), el("div", "", ABOUT));
    this.draw();
  }

  /** One width of cell for the whole wall: the largest at which all cards fit on the screen. */
  measure() {
    const { matrices, cards } = this.score;
    const width = this.root.clientWidth;
    const room = Math.max(360, innerHeight - 140);
    const sizes = cards.map((card) => {
      const rows = card.rows.map((row) => row.filter(Boolean).map((id) => shownOf(matrices[id])));
      const sum = (row, side) => row.reduce((n, m) => n + m[side], 0);
      return {
        cells: Math.max(...rows.map((row) => sum(row, "cols"))),
        tiles: Math.max(...rows.map((row) => row.length)),
        high: rows.reduce((n, row) => n + Math.max(...row.map((m) => m.rows)), 0),
        lines: rows.length,
      };
    });
    // On a phone the tiles of a card flow, so the widest tile decides; else the widest card.
    const phone = width < 640;
    const tiles = phone ? 1 : Math.max(...sizes.map((s) => s.tiles));
    const widest = phone ? Math.max(...Object.values(matrices).map((m) => shownOf(m).cols)) : Math.max(...sizes.map((s) => s.cells));
    const most = Math.min(phone ? 58 : 66, Math.floor((width - 20 * tiles) / widest));
    let cw = most;
    const least = Math.max(14, Math.min(40, most));
    while (!phone && cw > least && stackHeight(sizes, cw, width) > room) cw--;
    const full = this.sized(cw, Object.values(matrices));
    if (phone || stackHeight(sizes, cw, width) <= 2.2 * room) return { editable: full, made: full };
    // Far too much for one screen: what is computed shrinks to a heatmap, what is typed stays legible.
    const typed = Object.values(matrices).filter((m) => m.editable);
    const columns = Math.max(...typed.map((m) => shownOf(m).cols));
    const legible = this.sized(Math.min(46, Math.floor((width - 40) / columns)), typed);
    return { editable: legible, made: { cw: 16, ch: 14, digits: 0, font: 9 } };
  }

  sized(cw, matrices) {
    const ch = Math.max(14, Math.min(24, cw));
    return { cw, ch, ...digitsFor(this, matrices, cw, ch, 10) };
  }

  draw() {
    if (!this.root.clientWidth) return;
    const sizes = this.measure();
    const { matrices, cards } = this.score;
    const signature = JSON.stringify([cards, sizes, Object.values(matrices).map((m) => m.shape)]);
    if (signature !== this.drawn && !this.edits.editing) {
      this.drawn = signature;
      this.tiles = [];
      this.cards.replaceChildren(...cards.map((card) => this.card(card, sizes)));
    }
    this.repaint();
  }

  card(card, sizes) {
    const columns = Math.max(...card.rows.map((row) => row.length));
    const used = [...Array(columns).keys()].filter((c) => card.rows.some((row) => row[c]));
    const grid = el("div", "grid");
    grid.style.gridTemplateColumns = `repeat(${used.length}, max-content)`;
    for (const row of card.rows)
      for (const c of used) {
        if (!row[c]) {
          grid.append(el("span"));
          continue;
        }
        const m = this.score.matrices[row[c]];
        const step = this.score.maker[row[c]];
        const spec = { id: row[c], of: row[c], slot: "wall", open: step && (() => this.open(step.number)) };
        const view = { row: 0, col: 0, ...shownOf(m), ...(m.editable || m.data.length <= 24 ? sizes.editable : sizes.made) };
        const tile = buildTile(this, spec, view);
        this.tiles.push(tile);
        grid.append(tile.node);
      }
    const head = el("div", "top", el("h3", "", card.title), ...(card === this.score.cards[0] ? [this.decimals] : []));
    return el("section", "card", head, grid);
  }

  open(number) {
    this.post("open", { step: number, at: Date.now() });
  }

  repaint() {
    for (const tile of this.tiles) paintTile(this, tile, this.scales[tile.spec.id]);
    this.read();
  }

  lit() {
    this.repaint();
  }

  trace({ of, index }) {
    const step = this.score.maker[of];
    return { id: of, index, from: step ? provenance(step, index) : {}, fed: influence(this.score.steps, of, index) };
  }

  read() {
    const { id, index, fed } = this.lights;
    if (id !== null) {
      const feeds = el("span", "hint", feedsWords(this.score, fed));
      this.reader.replaceChildren(...originNodes(this, id, index), feeds);
      return;
    }
    const change = TOUCH ? "double-tap it, or drag it sideways" : "type, paste or drag sideways";
    const hint = `Change any number in a solid frame: ${change}. ${POINT} a cell to see what made it and what it feeds. `;
    const about = el("span", "about", ABOUT);
    this.reader.replaceChildren(el("span", "look about", this.score.look), el("span", "hint", hint, about));
  }
}

const ABOUT = "A name opens its step. \u2713 2e-12: agrees with central differences to that relative error.";
const WALL_CELLS = 16; // along an axis; the step shows the rest

function shownOf(matrix) {
  return { rows: Math.min(matrix.rows, WALL_CELLS), cols: Math.min(matrix.cols, WALL_CELLS) };
}

/** How high the cards stand when they flow into lines of this width. */
function stackHeight(sizes, cw, width) {
  let total = 0;
  let [across, high] = [0, 0];
  for (const s of sizes) {
    const [w, h] = [s.cells * cw + s.tiles * 20, s.high * 24 + s.lines * 40 + 20];
    if (across && across + w > width) [total, across, high] = [total + high + 12, 0, 0];
    across += w + 26;
    high = Math.max(high, h);
  }
  return total + high;
}
