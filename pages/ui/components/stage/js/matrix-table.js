// One matrix as a table of cells: built once for a shape, painted whenever a value changes.

import { activeElement, buttonOf, el, mathNode, setAttributes } from "../../shared/dom.js";
import { checkMark, paintBadge } from "./check-badge.js";
import { checkButton } from "./check-menu.js";
import { openCheckTable } from "./check-table.js";
import { shadeCell } from "./colour-scale.js";
import { copyButton } from "./copy-menu.js";
import { clamp } from "./layout.js";
import { formatNumber, matrixStyle, shortestNumber } from "./number-format.js";
import { cellIndex, drawnSize, flatIndex } from "./payload.js";
import { blockContains, isInside } from "./provenance.js";
import { indexText, spokenCell } from "./wording.js";
/** @import { Stage } from "./stage.js" */

/**
 * A tile: caption and table of as many cells as the view has.
 *
 * @param {Stage} stage
 * @param {TileSpec} spec
 * @param {TileView} view
 * @returns {Tile}
 */
export function buildTile(stage, spec, view) {
  const matrix = stage.model.matrices[spec.id];
  const { rows, cols } = drawnSize(matrix, spec.turned);
  const tile = /** @type {Tile} */ ({ spec, view, rows, cols, cells: /** @type {Cell[]} */ ([]) });
  const label = mathNode(spec.label ?? matrix.label);
  const title = spec.open
    ? buttonOf("title", label, `open the step of ${matrix.spoken}, ${matrix.word}`, spec.open)
    : el("span", "title", label);
  const facts = el("span", "facts", el("span", "shape", `${rows}\u00d7${cols}`));
  const caption = el("figcaption", "", title, facts);
  tile.badge = buttonOf("badge", "", "", (event) => {
    event.stopPropagation();
    openCheckTable(stage, spec.of);
  });
  if (spec.open && stage.model.checks[spec.of]) facts.append(tile.badge);
  tile.scale = el("span", "scale");
  if (matrix.shape.length) facts.append(tile.scale);
  caption.append(copyButton(stage, tile, matrix));
  if (!spec.turned && stage.model.checkable?.includes(spec.id)) caption.append(checkButton(stage, tile, matrix));
  const name = `${matrix.spoken}${spec.turned ? " transposed" : ""}, ${matrix.word}, ${rows} by ${cols}`;
  const described = { role: "grid", "aria-label": name, "aria-rowcount": rows, "aria-colcount": cols };
  const table = setAttributes(el("table"), described);
  if (!matrix.editable) table.setAttribute("aria-readonly", "true");
  const head = el("tr", "", setAttributes(el("th", "corner"), { role: "presentation" }));
  for (let c = 0; c < view.cols; c++) head.append(headerCell("col"));
  table.append(el("thead", "", head));
  const body = el("tbody");
  for (let r = 0; r < view.rows; r++) {
    const line = el("tr", "", headerCell("row"));
    for (let c = 0; c < view.cols; c++) line.append(buildCell(tile));
    body.append(line);
  }
  table.append(body);
  const windowed = view.rows < rows || view.cols < cols;
  tile.node = el("figure", `tile part-${matrix.part}${matrix.editable ? " editable" : ""}${view.plain ? " plain" : ""}`, caption, table);
  tile.node.title = `${matrix.word} (${stage.model.parts[matrix.part]})`;
  for (const side of /** @type {const} */ (["cw", "ch", "font", "number", "name", "caption"])) tile.node.style.setProperty(`--${side}`, `${view[side]}px`);
  if (tile.cells.length) tile.cells[0].tabIndex = 0;
  if (view.plain) facts.after(el("span", "window", "colours only: point at a cell for its number"));
  if (windowed) addScrolling(stage, tile, name);
  placeWindow(stage, tile);
  return tile;
}

/**
 * The numbers of rows and columns, and which cell of the matrix each cell of the table is.
 *
 * @param {Stage} stage
 * @param {Tile} tile
 */
export function placeWindow(stage, tile) {
  const { view, spec, rows, cols, node } = tile;
  const [row, col] = stage.windowOrigin(tile);
  view.row = clamp(row, 0, rows - view.rows);
  view.col = clamp(col, 0, cols - view.cols);
  const key = `${view.row} ${view.col}`;
  if (node.dataset.place === key) return;
  node.dataset.place = key;
  const matrix = stage.model.matrices[spec.id];
  node.querySelectorAll("thead th:not(.corner)").forEach((th, c) => (th.textContent = String(view.col + c + 1)));
  node.querySelectorAll("tbody th").forEach((th, r) => (th.textContent = String(view.row + r + 1)));
  tile.cells.forEach((cell, k) => {
    const [r, c] = [view.row + Math.floor(k / view.cols), view.col + (k % view.cols)];
    Object.assign(cell.mlp, { r, c, index: cellIndex(matrix, spec.turned, r, c), key: null });
    setAttributes(cell, { "aria-rowindex": r + 1, "aria-colindex": c + 1 });
  });
  const [down, across] = /** @type {NodeListOf<HTMLInputElement>} */ (node.querySelectorAll(".scroll"));
  if (!down) return;
  down.value = String(view.row);
  across.value = String(view.col);
  /** @type {HTMLElement} */ (node.querySelector(".window")).textContent = windowWords(view, rows, cols);
}

/**
 * A matrix that is drawn in part: moved by its two bars, the wheel, by dragging its numbers of rows and columns, and
 * by the arrow keys beyond its edge.
 *
 * @param {Stage} stage
 * @param {Tile} tile
 * @param {string} name
 */
function addScrolling(stage, tile, name) {
  const { node, view, rows, cols } = tile;
  /** @type {(axis: "rows" | "columns", most: number) => HTMLInputElement} */
  const bar = (axis, most) => {
    const input = setAttributes(el("input", `scroll ${axis}`), { type: "range", min: 0, max: most, step: 1, "aria-label": `First of the ${axis} shown of ${name}` });
    input.hidden = !most;
    input.oninput = () => stage.scrollTile(tile, ...(axis === "rows" ? /** @type {Move} */ ([input.valueAsNumber, view.col]) : /** @type {Move} */ ([view.row, input.valueAsNumber])));
    return input;
  };
  node.classList.add("windowed");
  node.querySelector("figcaption")?.append(el("span", "window"));
  node.append(bar("rows", rows - view.rows), bar("columns", cols - view.cols));
  node.onwheel = (event) => {
    if (event.ctrlKey) return;
    const [dx, dy] = event.shiftKey ? [event.deltaY, 0] : [event.deltaX, event.deltaY];
    const before = node.dataset.place;
    stage.scrollTile(tile, view.row + 2 * Math.sign(dy), view.col + 2 * Math.sign(dx));
    if (node.dataset.place !== before) event.preventDefault();
  };
  node.onpointerdown = (event) => {
    const number = event.target instanceof Element && event.target.closest("th");
    if (!number) return;
    const [row, col] = [view.row, view.col];
    node.setPointerCapture(event.pointerId);
    node.onpointermove = (move) =>
      stage.scrollTile(tile, row - Math.round((move.clientY - event.clientY) / view.ch), col - Math.round((move.clientX - event.clientX) / view.cw));
    node.onpointerup = node.onpointercancel = () => (node.onpointermove = null);
  };
}

/**
 * What a window shows of each axis, as an index: `[1\u201312, 1\u201312]`.
 *
 * @param {TileView} view
 * @param {number} allRows
 * @param {number} allCols
 */
function windowWords({ row, col, rows, cols }, allRows, allCols) {
  /** @type {(from: number, many: number, all: number) => string[]} */
  const part = (from, many, all) => (all > 1 ? [`${from + 1}\u2013${from + many}`] : []);
  return `[${[...part(row, rows, allRows), ...part(col, cols, allCols)].join(", ")}]`;
}

/** @param {"row" | "col"} scope */
function headerCell(scope) {
  const node = el("th");
  node.scope = scope;
  return node;
}

/** @param {Tile} tile */
function buildCell(tile) {
  const cell = /** @type {Cell} */ (setAttributes(el("td"), { role: "gridcell", tabindex: -1 }));
  cell.mlp = { tile, id: tile.spec.id, of: tile.spec.of, index: [], r: 0, c: 0 };
  tile.cells.push(cell);
  return cell;
}

/**
 * Bring every cell of a tile up to date: digits, colour, marks, spoken name.
 *
 * @param {Stage} stage
 * @param {Tile} tile
 * @param {number} own what full colour means where each matrix has a scale of its own
 */
export function paintTile(stage, tile, own) {
  const { spec } = tile;
  const scale = stage.view.oneScale ? stage.widest : own;
  const matrix = stage.model.matrices[spec.id];
  // In every frame as in all of them: that is what its cells are as wide as.
  const style = matrixStyle(matrix.all ?? matrix.data, stage.digits, stage.cut, spec.of);
  for (const cell of tile.cells) {
    const { index } = cell.mlp;
    const at = flatIndex(matrix, index);
    const value = stage.edits.value(spec.id, at);
    const veiled = stage.isVeiled(spec, index);
    const key = `${value}|${scale}|${stage.digits}|${stage.cut}|${style.power}|${veiled}|${stage.colours.dark}`;
    if (cell.mlp.key !== key) {
      cell.mlp.key = key;
      paintValue(stage, cell, matrix, value, veiled ? "\u00b7" : formatNumber(value, style), scale);
    }
    const marks = stage.highlight;
    const name = [
      isInside(marks.from[spec.of], index) && "from",
      isInside(marks.fed[spec.of], index) && "fed",
      marks.id === spec.of && blockContains(marks.index, index) && (marks.pinned ? "pinned" : "pointed"),
      stage.isChanged(spec.id, at) && "changed",
      stage.edits.isPending(spec.id, at) && "pending",
      !Number.isFinite(value) && "odd",
      value < 0 && !veiled && "minus",
      veiled && "veiled",
      matrix.struck && !veiled && value !== 0 && stage.model.matrices[matrix.struck].data[at] === 0 && "struck",
      cell.querySelector("input") && "editing",
    ];
    const classes = name.filter(Boolean).join(" ");
    if (cell.className !== classes) cell.className = classes;
  }
  const full = `\u00b1${shortestNumber(Number(scale.toPrecision(2)))}`;
  if (tile.scale.textContent !== full) tile.scale.textContent = full;
  tile.node.classList.toggle("dimmed", isUnrelated(stage, tile));
  if (tile.badge.isConnected) paintBadge(tile.badge, stage.model.checks[spec.of], checkMark);
}

/**
 * @param {Stage} stage
 * @param {Tile} tile
 */
function isUnrelated(stage, tile) {
  const { from, fed, id } = stage.highlight;
  return stage.view.dims && id !== null && id !== tile.spec.of && !from[tile.spec.of] && !fed[tile.spec.of];
}

/**
 * @param {Stage} stage
 * @param {Cell} cell
 * @param {Matrix} matrix
 * @param {number} value
 * @param {string} text its digits, or a point while it is veiled
 * @param {number} scale
 */
function paintValue(stage, cell, matrix, value, text, scale) {
  const { tile, index } = cell.mlp;
  const veiled = text === "\u00b7";
  if (!cell.querySelector("input")) cell.textContent = tile.view.plain ? "" : text;
  cell.setAttribute("aria-label", spokenCell(matrix, index, veiled ? "not yet computed" : text));
  cell.title = veiled ? "" : `${matrix.text}${indexText(index)} = ${shortestNumber(value)}`;
  const odd = veiled || !Number.isFinite(value);
  const { background, ink } = odd ? { background: "", ink: "" } : shadeCell(stage.colours, value / scale);
  cell.style.backgroundColor = background;
  cell.style.color = ink;
}

/** The cell of a row and a column, where it is in the window. @type {(tile: Tile, r: number, c: number) => Cell | undefined} */
export function findCell(tile, r, c) {
  return tile.cells.find(({ mlp }) => mlp.r === r && mlp.c === c);
}

/** What is known of the cell that has the focus, within the shadow root of `root`. @param {Element} root */
export function focusedCell(root) {
  const cell = activeElement(root)?.closest("td");
  return cell && isCell(cell) ? cell.mlp : null;
}

/** @type {(node: Element) => node is Cell} */
export function isCell(node) {
  return "mlp" in node;
}
