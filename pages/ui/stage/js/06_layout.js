// How large a cell may be: one size for the whole score where it fits, so that nothing jumps
// between steps; else a size for the step; else no digits; else a window of the matrix.

const GAP = 38; // beside a tile: its row numbers, its frame, the space to the next
const HEAD = 58; // caption and column numbers of a tile
const SMALLEST = 15; // a cell without digits
const READABLE = 40; // a cell that shows digits
const WINDOW = 32; // cells along an axis of a windowed matrix

/** Rows and columns of each tile of a step as drawn, and how many tiles stand side by side. */
function extent(step, matrices, stacked) {
  const size = {};
  for (const t of step.tiles) {
    const m = matrices[t.id];
    const [rows, cols] = t.turned ? [m.cols, m.rows] : [m.rows, m.cols];
    const slot = slotOf(t, step, stacked);
    const s = (size[slot] ??= { rows: 0, cols: 0, tiles: 0 });
    s.tiles += 1;
    if (slot === "above" || slot === "result") (s.rows += rows), (s.cols = Math.max(s.cols, cols));
    else (s.cols += cols), (s.rows = Math.max(s.rows, rows));
  }
  const of = (slot, side) => size[slot]?.[side] ?? 0;
  return {
    left: of("left", "cols"),
    middle: Math.max(of("above", "cols"), of("result", "cols")),
    right: of("right", "cols"),
    top: of("above", "rows"),
    bottom: Math.max(of("left", "rows"), of("result", "rows"), of("right", "rows")),
    across: of("left", "tiles") + 1 + of("right", "tiles"),
    down: of("above", "tiles") + 1,
  };
}

/** Where elementwise operands are too wide to stand side by side, they are stacked. */
function slotOf(tile, step, stacked) {
  const result = step.tiles.at(-1);
  const same = tile.rows === result.rows && tile.cols === result.cols && tile.cols !== "";
  return stacked && same && tile.slot === "left" ? "above" : tile.slot;
}

function fit(extents, width, height) {
  const most = (side) => Math.max(...extents.map((e) => e[side]));
  const columns = most("left") + most("middle") + most("right");
  const rows = most("top") + most("bottom");
  return {
    cw: Math.floor((width - GAP * most("across")) / columns),
    ch: Math.floor((height - HEAD * most("down")) / rows),
    left: most("left"),
    top: most("top"),
    down: most("down"),
  };
}

/** Size of cells, digits and type for a step, and the part of each axis that is drawn. */
function measure(stage, step, width, height, origin) {
  const { matrices, steps } = stage.score;
  const wide = fit(steps.map((s) => extent(s, matrices, false)), width, height);
  let stacked = false;
  let size = wide;
  let fixed = wide.cw >= READABLE && wide.ch >= 20;
  if (!fixed) {
    const own = [false, true].map((s) => fit([extent(step, matrices, s)], width, height));
    stacked = own[1].cw > own[0].cw && (own[0].cw < READABLE || width < 640) && own[1].ch >= SMALLEST;
    size = own[Number(stacked)];
  }
  let window = null;
  if (size.cw < SMALLEST || size.ch < SMALLEST) {
    const letters = windowLetters(step, matrices, width, height, stacked);
    window = Object.fromEntries(
      Object.entries(letters).map(([a, n]) => [a, { from: Math.min(origin[a] ?? 0, n.size - n.shown), ...n }]),
    );
    const drawn = windowExtent(step, matrices, stacked, window);
    size = fit([drawn], width, height);
  }
  const cw = Math.max(SMALLEST, Math.min(size.cw, 108));
  const ch = Math.max(SMALLEST, Math.min(size.ch, 54, Math.max(24, cw)));
  const shown = fixed ? Object.keys(matrices) : step.tiles.map((t) => t.id);
  return { cw, ch, ...digitsFor(stage, shown.map((id) => matrices[id]), cw, ch), stacked, window, fixed, left: size.left, top: size.top, down: size.down };
}

/** As many decimals as the cell has room for, up to those asked for; none where two do not fit. */
function digitsFor(stage, matrices, cw, ch, small = 12) {
  for (let digits = stage.digits; digits >= 2; digits--) {
    let longest = 1;
    for (const m of matrices) {
      const stride = Math.max(1, Math.floor(m.data.length / 400));
      for (let i = 0; i < m.data.length; i += stride) longest = Math.max(longest, format(m.data[i], digits).length);
    }
    const byWidth = (cw - 6) / (longest * 0.56);
    const byHeight = Math.min(ch * 0.58, 21);
    const font = Math.min(byWidth, byHeight);
    if (font >= 9 && (digits === 2 || byWidth >= Math.min(small, byHeight))) return { digits, font };
  }
  return { digits: 0, font: 9 };
}

function windowLetters(step, matrices) {
  const letters = {};
  step.operands.forEach((id, k) =>
    [...step.reads[k]].forEach((a, axis) => (letters[a] = { size: matrices[id].shape[axis] })),
  );
  [...step.makes].forEach((a, axis) => (letters[a] = { size: matrices[step.out].shape[axis] }));
  for (const n of Object.values(letters)) n.shown = Math.min(n.size, WINDOW);
  return letters;
}

function windowExtent(step, matrices, stacked, window) {
  const cut = {};
  for (const t of step.tiles) {
    const m = matrices[t.id];
    const [rows, cols] = t.turned ? [m.cols, m.rows] : [m.rows, m.cols];
    cut[t.id] = { ...m, rows: window[t.rows]?.shown ?? rows, cols: window[t.cols]?.shown ?? cols };
  }
  const tiles = step.tiles.map((t) => ({ ...t, turned: false }));
  return extent({ ...step, tiles }, cut, stacked);
}
