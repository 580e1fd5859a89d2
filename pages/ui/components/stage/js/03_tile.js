// One matrix as a table of cells: built once for a shape, painted whenever a value changes.

function el(tag, className, ...children) {
  const node = document.createElement(tag);
  if (className) node.className = className;
  node.append(...children);
  return node;
}

/** Formulas are MathML that Python made from its own LaTeX; nothing the user typed is in them. */
function mathNode(mathml, className = "math") {
  let parsed = formulas.get(mathml);
  if (!parsed) {
    parsed = document.createElement("template");
    parsed.innerHTML = mathml;
    formulas.set(mathml, parsed);
  }
  return el("span", className, parsed.content.cloneNode(true));
}

/** Parsed once: a formula is drawn at every step that shows it. */
const formulas = new Map();

/**
 * A tile: caption and table of the window [row, row + rows) x [col, col + cols).
 * `spec` is {id, of, label, turned, slot}; `view` is the window and the size of a cell.
 */
function buildTile(stage, spec, view) {
  const matrix = stage.score.matrices[spec.id];
  const [rows, cols] = spec.turned ? [matrix.cols, matrix.rows] : [matrix.rows, matrix.cols];
  const tile = { spec, view, rows, cols, cells: [] };
  const title = spec.open ? el("button", "title") : el("span", "title");
  title.append(mathNode(spec.label ?? matrix.label));
  if (spec.open) {
    title.type = "button";
    title.setAttribute("aria-label", `open the step of ${matrix.spoken}, ${matrix.word}`);
    title.onclick = () => spec.open();
  }
  const caption = el("figcaption", "", title, el("span", "shape", `${rows}\u00d7${cols}`));
  tile.badge = el("span", "badge");
  if (spec.open) caption.append(tile.badge);
  caption.append(copyButton(stage, tile, matrix));
  const table = el("table");
  table.setAttribute("role", "grid");
  const name = `${matrix.spoken}${spec.turned ? " transposed" : ""}, ${matrix.word}, ${rows} by ${cols}`;
  table.setAttribute("aria-label", name);
  table.setAttribute("aria-rowcount", rows);
  table.setAttribute("aria-colcount", cols);
  if (!matrix.editable) table.setAttribute("aria-readonly", "true");
  const head = el("tr", "", el("th", "corner"));
  for (let c = view.col; c < view.col + view.cols; c++) head.append(header("col", c));
  table.append(el("thead", "", head));
  const body = el("tbody");
  for (let r = view.row; r < view.row + view.rows; r++) {
    const line = el("tr", "", header("row", r));
    for (let c = view.col; c < view.col + view.cols; c++) line.append(buildCell(tile, matrix, r, c));
    body.append(line);
  }
  table.append(body);
  tile.table = table;
  const windowed = view.rows < rows || view.cols < cols;
  if (windowed) caption.append(el("span", "window", windowWords(view, rows, cols)));
  const tiny = Math.min(view.cw, view.ch) < 12 ? " tiny" : "";
  tile.node = el("figure", `tile part-${matrix.part}${matrix.editable ? " editable" : ""}${tiny}`, caption, table);
  tile.node.title = `${matrix.word} (${stage.score.parts[matrix.part]})`;
  tile.node.style.setProperty("--cw", `${view.cw}px`);
  tile.node.style.setProperty("--ch", `${view.ch}px`);
  tile.node.style.setProperty("--font", `${view.font}px`);
  if (tile.cells.length) tile.cells[0].tabIndex = 0;
  return tile;
}

/** What a window shows of each axis, as an index: `[1\u201312, 1\u201312]`. */
function windowWords({ row, col, rows, cols }, allRows, allCols) {
  const part = (from, many, all) => (all > 1 ? [`${from + 1}\u2013${from + many}`] : []);
  return `[${[...part(row, rows, allRows), ...part(col, cols, allCols)].join(", ")}]`;
}

function header(scope, number) {
  const node = el("th", "", String(number + 1));
  node.scope = scope;
  return node;
}

function buildCell(tile, matrix, r, c) {
  const cell = el("td");
  cell.setAttribute("role", "gridcell");
  cell.setAttribute("aria-rowindex", r + 1);
  cell.setAttribute("aria-colindex", c + 1);
  cell.tabIndex = -1;
  cell.mlp = { tile, id: tile.spec.id, of: tile.spec.of, index: indexOf(matrix, tile.spec.turned, r, c), r, c };
  tile.cells.push(cell);
  return cell;
}

/** Bring every cell of a tile up to date: digits, colour, marks, spoken name. */
function paintTile(stage, tile, scale) {
  const { spec, view } = tile;
  const matrix = stage.score.matrices[spec.id];
  for (const cell of tile.cells) {
    const { index } = cell.mlp;
    const at = flat(matrix, index);
    const value = stage.edits.value(spec.id, at) ?? matrix.data[at];
    const veiled = stage.veiled?.(spec, index) ?? false;
    const key = `${value}|${scale}|${view.digits}|${veiled}|${stage.colours.dark}`;
    if (cell.mlp.key !== key) {
      cell.mlp.key = key;
      paintValue(stage, cell, matrix, value, scale, veiled);
    }
    const marks = stage.lights;
    const name = [
      inside(marks.from[spec.of], index) && "from",
      inside(marks.fed[spec.of], index) && "fed",
      marks.id === spec.of && covers(marks.index, index) && (marks.pinned ? "pinned" : "pointed"),
      stage.changed(spec.id, at) && "changed",
      stage.edits.pending(spec.id, at) && "pending",
      !Number.isFinite(value) && "odd",
      value < 0 && !veiled && "minus",
      veiled && "veiled",
      matrix.struck && !veiled && value !== 0 && stage.score.matrices[matrix.struck].data[at] === 0 && "struck",
      cell.querySelector("input") && "editing",
    ];
    const classes = name.filter(Boolean).join(" ");
    if (cell.className !== classes) cell.className = classes;
  }
  tile.node.classList.toggle("plain", !view.digits);
  tile.node.classList.toggle("dimmed", marksElsewhere(stage, tile));
  paintBadge(stage, tile);
}

function marksElsewhere(stage, tile) {
  const { from, fed, id } = stage.lights;
  return id !== null && id !== tile.spec.of && !from[tile.spec.of] && !fed[tile.spec.of];
}

function paintValue(stage, cell, matrix, value, scale, veiled) {
  const { tile, index } = cell.mlp;
  const text = veiled ? "\u00b7" : format(value, tile.view.digits || 4);
  if (!cell.querySelector("input")) cell.textContent = tile.view.digits ? text : "";
  cell.setAttribute("aria-label", spokenCell(matrix, index, veiled ? "not yet computed" : format(value, 6)));
  cell.title = veiled ? "" : `${matrix.text}${place(index)} = ${shortest(value)}`;
  const odd = veiled || !Number.isFinite(value);
  const { background, ink } = odd ? { background: "", ink: "" } : shade(stage.colours, value / scale);
  cell.style.backgroundColor = background;
  cell.style.color = ink;
}

/** The seal beside a gradient: whether central differences agree, and what they could not see. */
function paintBadge(stage, tile) {
  const check = stage.score.checks[tile.spec.of];
  if (!check || !tile.badge.isConnected) return;
  const [text, title] = badgeWords(check);
  tile.badge.textContent = text;
  tile.badge.title = title;
  tile.badge.className = `badge ${check.agrees ? "good" : "bad"}`;
}

function badgeWords(check) {
  const seen = check.probed < check.cells ? `${check.probed} of ${check.cells} cells compared` : "every cell compared";
  const lines = [
    check.agrees
      ? `Agrees with central differences: worst relative error ${check.error}, ${seen}.`
      : check.error === OUT
        ? "The loss or this gradient is beyond the range of numbers, so differences cannot be taken."
        : `Central differences disagree: worst relative error ${check.error}, ${seen}.`,
    ...check.skipped.map((s) => `Not comparable, ${s}.`),
  ];
  if (check.skips > check.skipped.length) lines.push(`${check.skips - check.skipped.length} more cells like that.`);
  return [`${check.agrees ? "\u2713" : "\u2717"} ${check.error}${skipWords(check)}`, lines.join("\n")];
}

const OUT = "out of range";

function skipWords(check) {
  return check.skips ? `, ${check.skips} at a kink` : "";
}
