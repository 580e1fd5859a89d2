// The wall: the whole pass at a glance, a card a layer, every matrix opening its step.

class Wall extends Stage {
  constructor(root) {
    super(root);
    this.digits = 3;
    this.cards = el("div", "cards");
    this.reader = el("div", "reader");
    root.replaceChildren(this.cards, this.reader);
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
    this.watch.disconnect();
  }

  update(payload, host, post) {
    this.take(payload, host, post);
    this.draw();
  }

  /** One width of cell for the whole wall: the widest row of a card decides. */
  measure() {
    const { matrices, cards } = this.score;
    const widest = Math.max(
      ...cards.flatMap((card) => card.rows.map((row) => row.reduce((n, id) => n + Math.min(id ? matrices[id].cols : 0, 16), 0))),
    );
    const room = Math.min(this.root.clientWidth - 40, 620);
    const cw = Math.max(14, Math.min(54, Math.floor((room - 30 * 4) / widest)));
    const ch = Math.max(14, Math.min(26, cw));
    return { cw, ch, ...digitsFor(this, Object.values(matrices), cw, ch) };
  }

  draw() {
    if (!this.root.clientWidth) return;
    const sizes = this.measure();
    const { matrices, cards } = this.score;
    const signature = JSON.stringify([cards, sizes, Object.values(matrices).map((m) => m.shape)]);
    if (signature !== this.drawn) {
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
        const view = { row: 0, col: 0, rows: Math.min(m.rows, 16), cols: Math.min(m.cols, 16), ...sizes };
        const tile = buildTile(this, spec, view);
        this.tiles.push(tile);
        grid.append(tile.node);
      }
    return el("section", "card", el("h3", "", card.title), grid);
  }

  open(number) {
    this.post("open", { step: number, at: Date.now() });
  }

  repaint() {
    for (const tile of this.tiles) paintTile(this, tile, scaleOf([this.score.matrices[tile.spec.id]]));
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
    const { id, index } = this.lights;
    if (id === null) {
      this.reader.replaceChildren(
        el("span", "hint", "Change any number in a framed matrix: type, paste or drag sideways. Point at a cell to see where it comes from and what it feeds. A name opens its step."),
      );
      return;
    }
    const m = this.score.matrices[id];
    const step = this.score.maker[id];
    if (step) this.reader.replaceChildren(numbersNode(cellLine(step, this.score.matrices, index, 6)));
    else this.reader.replaceChildren(numbersNode(`${m.text}${place(index)} = ${exact(m.data[flat(m, index)])}`));
  }
}

// --- the entry that Streamlit calls, again on every change of data or theme -------------------

const KINDS = { player: Player, wall: Wall };
const instances = new WeakMap();

export default function (component) {
  const { data, parentElement, setStateValue } = component;
  const payload = data[0];
  let stage = instances.get(parentElement);
  if (!stage) {
    const root = parentElement.querySelector(".mlp");
    root.classList.add(payload.kind);
    root.tabIndex = payload.kind === "player" ? 0 : -1;
    stage = new KINDS[payload.kind](root);
    instances.set(parentElement, stage);
  }
  const host = parentElement.host ?? parentElement;
  stage.update(payload, host, (name, value) => setStateValue(name, value));
  return () => {
    stage.destroy();
    instances.delete(parentElement);
  };
}
