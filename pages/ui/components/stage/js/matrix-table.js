// One matrix as a table of cells: built once for a shape, painted whenever a value changes.

import { activeElement, buttonOf, el, mathNode, setAttributes } from "../../shared/dom.js";
import { checkClass, checkDetails, checkLine, checkMark } from "./check-badge.js";
import { openCheckTable } from "./check-table.js";
import { shadeCell } from "./colour-scale.js";
import { copyButton } from "./copy-menu.js";
import { formatNumber, matrixStyle, shortestNumber, spokenNumber } from "./number-format.js";
import { cellIndex, flatIndex } from "./payload.js";
import { blockContains, isInside } from "./provenance.js";
import { indexText, spokenCell } from "./wording.js";
/** @import { Stage } from "./stage.js" */

/**
 * A tile: caption and table of the window [row, row + rows) x [col, col + cols).
 *
 * @param {Stage} stage
 * @param {TileSpec} spec
 * @param {TileView} view
 * @returns {Tile}
 */
export function buildTile(stage, spec, view) {
  const matrix = stage.model.matrices[spec.id];
  const [rows, cols] = spec.turned ? [matrix.cols, matrix.rows] : [matrix.rows, matrix.cols];
  const tile = /** @type {Tile} */ ({ spec, view, rows, cols, cells: /** @type {Cell[]} */ ([]) });
  const label = mathNode(spec.label ?? matrix.label);
  const title = spec.open
    ? buttonOf("title", label, `open the step of ${matrix.spoken}, ${matrix.word}`, spec.open)
    : el("span", "title", label);
  const caption = el("figcaption", "", title, el("span", "shape", `${rows}\u00d7${cols}`));
  tile.badge = buttonOf("badge", "", "", (event) => {
    event.stopPropagation();
    openCheckTable(stage, spec.of);
  });
  if (spec.open) caption.append(tile.badge);
  caption.append(copyButton(stage, tile, matrix));
  const name = `${matrix.spoken}${spec.turned ? " transposed" : ""}, ${matrix.word}, ${rows} by ${cols}`;
  const described = { role: "grid", "aria-label": name, "aria-rowcount": rows, "aria-colcount": cols };
  const table = setAttributes(el("table"), described);
  if (!matrix.editable) table.setAttribute("aria-readonly", "true");
  const head = el("tr", "", el("th", "corner"));
  for (let c = view.col; c < view.col + view.cols; c++) head.append(headerCell("col", c));
  table.append(el("thead", "", head));
  const body = el("tbody");
  for (let r = view.row; r < view.row + view.rows; r++) {
    const line = el("tr", "", headerCell("row", r));
    for (let c = view.col; c < view.col + view.cols; c++) line.append(buildCell(tile, matrix, r, c));
    body.append(line);
  }
  table.append(body);
  const windowed = view.rows < rows || view.cols < cols;
  if (windowed) caption.append(el("span", "window", windowWords(view, rows, cols)));
  const tiny = Math.min(view.cw, view.ch) < 12 ? " tiny" : "";
  tile.node = el("figure", `tile part-${matrix.part}${matrix.editable ? " editable" : ""}${tiny}`, caption, table);
  tile.node.title = `${matrix.word} (${stage.model.parts[matrix.part]})`;
  tile.node.style.setProperty("--cw", `${view.cw}px`);
  tile.node.style.setProperty("--ch", `${view.ch}px`);
  tile.node.style.setProperty("--font", `${view.font}px`);
  if (tile.cells.length) tile.cells[0].tabIndex = 0;
  return tile;
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

/**
 * @param {"row" | "col"} scope
 * @param {number} number
 */
function headerCell(scope, number) {
  const node = el("th", "", String(number + 1));
  node.scope = scope;
  return node;
}

/**
 * @param {Tile} tile
 * @param {Matrix} matrix
 * @param {number} r
 * @param {number} c
 */
function buildCell(tile, matrix, r, c) {
  const place = { role: "gridcell", tabindex: -1, "aria-rowindex": r + 1, "aria-colindex": c + 1 };
  const cell = /** @type {Cell} */ (setAttributes(el("td"), place));
  cell.mlp = { tile, id: tile.spec.id, of: tile.spec.of, index: cellIndex(matrix, tile.spec.turned, r, c), r, c };
  tile.cells.push(cell);
  return cell;
}

/**
 * Bring every cell of a tile up to date: digits, colour, marks, spoken name.
 *
 * @param {Stage} stage
 * @param {Tile} tile
 * @param {number} scale
 */
export function paintTile(stage, tile, scale) {
  const { spec, view } = tile;
  const matrix = stage.model.matrices[spec.id];
  const style = matrixStyle(matrix.data, view.digits || stage.digits, stage.cut, spec.of);
  for (const cell of tile.cells) {
    const { index } = cell.mlp;
    const at = flatIndex(matrix, index);
    const value = stage.edits.value(spec.id, at) ?? matrix.data[at];
    const veiled = stage.isVeiled(spec, index);
    const key = `${value}|${scale}|${view.digits}|${stage.cut}|${style.power}|${veiled}|${stage.colours.dark}`;
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
  tile.node.classList.toggle("plain", !view.digits);
  tile.node.classList.toggle("dimmed", isUnrelated(stage, tile));
  paintBadge(stage, tile);
}

/**
 * @param {Stage} stage
 * @param {Tile} tile
 */
function isUnrelated(stage, tile) {
  const { from, fed, id } = stage.highlight;
  return id !== null && id !== tile.spec.of && !from[tile.spec.of] && !fed[tile.spec.of];
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
  if (!cell.querySelector("input")) cell.textContent = tile.view.digits ? text : "";
  cell.setAttribute("aria-label", spokenCell(matrix, index, veiled ? "not yet computed" : spokenNumber(value)));
  cell.title = veiled ? "" : `${matrix.text}${indexText(index)} = ${shortestNumber(value)}`;
  const odd = veiled || !Number.isFinite(value);
  const { background, ink } = odd ? { background: "", ink: "" } : shadeCell(stage.colours, value / scale);
  cell.style.backgroundColor = background;
  cell.style.color = ink;
}

/**
 * The seal beside a gradient: whether central differences agree, and what they could not see.
 *
 * @param {Stage} stage
 * @param {Tile} tile
 */
function paintBadge(stage, tile) {
  const check = stage.model.checks[tile.spec.of];
  if (!check || !tile.badge.isConnected) return;
  tile.badge.textContent = checkMark(check);
  tile.badge.title = checkDetails(check);
  tile.badge.setAttribute("aria-label", `${checkMark(check)}: ${checkLine(check)}`);
  tile.badge.className = checkClass(check);
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
