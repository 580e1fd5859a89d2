// Copy a matrix as text: the same numbers, to the last digit, in the words of four programs.

const MATLAB = { NaN: "NaN", Infinity: "Inf", "-Infinity": "-Inf" };
const NUMPY = { NaN: "np.nan", Infinity: "np.inf", "-Infinity": "-np.inf" };
const LATEX = { NaN: "\\mathrm{NaN}", Infinity: "\\infty", "-Infinity": "-\\infty" };

function digitsOf(x, words) {
  if (!Number.isFinite(x)) return words[String(x)];
  return Object.is(x, -0) ? "-0.0" : String(x);
}

function latexOf(x) {
  return digitsOf(x, LATEX).replace(/e\+?(-?\d+)$/, "\\cdot 10^{$1}");
}

function joined(rows, cell, between, lines) {
  return rows.map((row) => row.map(cell).join(between)).join(lines);
}

const FORMS = {
  NumPy: (rows) => `np.array([${joined(rows, (x) => digitsOf(x, NUMPY), ", ", "], [").replace(/^/, "[")}]])`,
  LaTeX: (rows) => `\\begin{bmatrix} ${joined(rows, latexOf, " & ", " \\\\ ")} \\end{bmatrix}`,
  MATLAB: (rows) => `[${joined(rows, (x) => digitsOf(x, MATLAB), " ", "; ")}]`,
  // With its point, so that no comma is taken for a decimal one.
  CSV: (rows) => joined(rows, (x) => digitsOf(x, MATLAB).replace(/^-?\d+$/, "$&.0"), ",", "\n") + "\n",
};

/** The whole matrix as it is drawn, windowed or not: rows of numbers. */
function rowsOf(stage, tile) {
  const matrix = stage.score.matrices[tile.spec.id];
  return Array.from({ length: tile.rows }, (_, r) =>
    Array.from({ length: tile.cols }, (_, c) => {
      const at = flat(matrix, indexOf(matrix, tile.spec.turned, r, c));
      return stage.edits.value(tile.spec.id, at) ?? matrix.data[at];
    }),
  );
}

/** Into the clipboard; where the browser allows no script to write it, by way of a selected field. */
async function toClipboard(text, near) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    const field = el("textarea", "spoken");
    field.value = text;
    near.append(field);
    field.select();
    const done = document.execCommand("copy");
    field.remove();
    return done;
  }
}

/** The small button on a caption, and its menu. */
function copyButton(stage, tile, matrix) {
  const button = el("button", "copy", icon("copy"));
  button.type = "button";
  button.title = "Copy as NumPy, LaTeX, MATLAB or CSV";
  button.setAttribute("aria-label", `copy ${matrix.spoken} as text`);
  button.setAttribute("aria-haspopup", "menu");
  button.onclick = (event) => {
    event.stopPropagation();
    openCopyMenu(stage, tile, button);
  };
  return button;
}

function openCopyMenu(stage, tile, button) {
  stage.hush();
  const menu = el("div", "bubble menu");
  menu.setAttribute("role", "menu");
  menu.setAttribute("aria-label", "Copy as");
  const close = () => (stage.hush(), button.focus());
  for (const [name, form] of Object.entries(FORMS)) {
    const item = el("button", "", name);
    item.type = "button";
    item.setAttribute("role", "menuitem");
    item.onclick = async (event) => {
      event.stopPropagation();
      const done = await toClipboard(form(rowsOf(stage, tile)), stage.root);
      close();
      stage.announce(done ? `Copied as ${name}.` : "This browser lets no page write to the clipboard.", 2500);
    };
    menu.append(item);
  }
  menu.onkeydown = (event) => {
    const items = [...menu.children];
    const at = items.indexOf(event.target);
    const to = { ArrowDown: at + 1, ArrowRight: at + 1, ArrowUp: at - 1, ArrowLeft: at - 1 }[event.key];
    if (to !== undefined) items[(to + items.length) % items.length].focus();
    else if (event.key === "Escape") close();
    else if (event.key !== "Enter" && event.key !== " " && event.key !== "Tab") return;
    event.stopPropagation();
    if (to !== undefined || event.key === "Escape") event.preventDefault();
  };
  menu.onfocusout = (event) => menu.contains(event.relatedTarget) || stage.hush();
  stage.root.append(menu);
  const box = button.getBoundingClientRect();
  menu.style.left = `${Math.max(8, Math.min(box.left, innerWidth - menu.offsetWidth - 8))}px`;
  menu.style.top = `${Math.min(box.bottom + 4, innerHeight - menu.offsetHeight - 8)}px`;
  stage.bubble = { bubble: menu, where: null };
  menu.firstChild.focus();
}
