// Small pieces of the player: controls, the product's layout, the line above and below it.

function picker(label, options, chosen, change) {
  const select = el("select");
  for (const value of options) {
    const option = el("option", "", value);
    option.selected = value === chosen;
    select.append(option);
  }
  select.onchange = () => change(select.value);
  return el("label", "picker", el("span", "", label), select);
}

function control(label, face, action, key) {
  const b = el("button", "", ICONS[face] ? icon(face) : face);
  b.type = "button";
  b.setAttribute("aria-label", label);
  b.title = key ? `${label} (${key})` : label;
  b.onclick = action;
  return b;
}

function decimals(stage) {
  return picker("Decimals", DECIMALS, String(stage.digits), (v) => stage.setDigits(Number(v)));
}

/** The buttons of what can be played, its counter, and how fast and how exact. */
function transport(stage, what, ...extra) {
  stage.playButton = control("Play", "play", () => stage.toggle(), "space");
  stage.counter = el("span", "counter");
  const bar = el(
    "div", "bar",
    control(`First ${what}`, "first", () => stage.go(0), "Home"),
    control("Previous", "back", () => stage.walk(-1), "left arrow"),
    control("Next", "next", () => stage.walk(1), "right arrow"),
    stage.counter, stage.playButton, ...extra,
    picker("Speed", Object.keys(SPEEDS), "normal", (v) => stage.setSpeed(v)),
    decimals(stage),
  );
  bar.setAttribute("role", "toolbar");
  bar.setAttribute("aria-label", "Walk through the pass");
  return bar;
}

function legend(parts) {
  const box = el("span", "legend");
  for (const [part, word] of Object.entries(parts)) box.append(el("span", `key part-${part}`, word));
  box.append(el("span", "", "\u25e5 changed"));
  return box;
}

/** Left operand left, upper operand above, the result in the corner where they meet. */
function product(tiles, sizes) {
  const slots = Object.fromEntries(["left", "above", "result", "right"].map((s) => [s, el("div", `slot ${s}`)]));
  for (const tile of tiles) slots[tile.spec.slot].append(tile.node);
  const grid = el("div", "product", ...Object.values(slots));
  if (sizes.fixed) {
    grid.style.setProperty("--left", `${sizes.left * sizes.cw + GAP}px`);
    grid.style.setProperty("--top", `${sizes.top * sizes.ch + HEAD * Math.max(0, sizes.down - 1)}px`);
  }
  return grid;
}

/** One step as drawn: the line with its equation, and its operands and result. */
class Leaf {
  constructor(step, sizes, tiles, signature) {
    Object.assign(this, { step, sizes, tiles, signature });
    this.equation = el("div", "line");
    this.product = product(tiles, sizes);
  }

  /** What the equation's line says besides the formula can change with every edit. */
  say(score) {
    this.score = score;
    this.equation.replaceChildren(...equationNodes(score.steps[this.step.number], score));
  }

  show(shown) {
    for (const node of [this.equation, this.product]) node.classList.toggle("shown", shown);
  }

  remove() {
    this.equation.remove();
    this.product.remove();
  }
}

const whenIdle = window.requestIdleCallback ?? ((work) => setTimeout(work, 50));
const cancelIdle = window.cancelIdleCallback ?? clearTimeout;

function equationNodes(step, score) {
  const { word } = score.matrices[step.out];
  const nodes = [mathNode(step.formula, "formula"), el("span", "word", word)];
  const check = score.checks[step.out];
  if (check) {
    const [, title] = badgeWords(check);
    const text = check.agrees ? `\u2713 agrees with central differences to ${check.error}` : check.error === OUT ? "\u2717 cannot be checked: out of range" : "\u2717 disagrees with central differences";
    const badge = el("span", `badge ${check.agrees ? "good" : "bad"}`, text + skipWords(check));
    badge.title = title;
    badge.setAttribute("aria-label", title);
    nodes.push(badge);
  }
  if (step.recompute) nodes.push(el("span", "note", "computed again: it was not kept"));
  if (step.frees.length) nodes.push(el("span", "note", `frees ${step.frees.join(", ")}`));
  return nodes;
}

/** How a number came about: the formula that made it, or that it was set. */
function originNodes(stage, id, index) {
  const { matrices, maker } = stage.score;
  if (maker[id]) return [numbersNode(cellLine(maker[id], matrices, index, stage.finer))];
  const m = matrices[id];
  const at = flat(m, index);
  return [numbersNode(`${m.text}${place(index)} = ${shortest(stage.edits.value(id, at) ?? m.data[at])}`)];
}

function numbersNode(text) {
  const node = el("output", "numbers");
  node.textContent = text;
  return node;
}

const ICONS = {
  first: "M4 4v16h2.500V4zM18 4l2.500 2.500L15 12l5.500 5.500L18 20 10 12z",
  back: "M15.500 4 18 6.500 12.500 12l5.500 5.500-2.500 2.500L7 12z",
  play: "M7 4l12 8-12 8z",
  pause: "M6 4h4v16H6zM14 4h4v16h-4z",
  copy: "M8 3h11v14h-2V5H8zM4 7h11v14H4zm2 2v10h7V9z",
  next: "M8.500 4 6 6.500 11.500 12 6 17.500 8.500 20 17 12z",
};

function icon(name) {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  svg.setAttribute("viewBox", "0 0 24 24");
  svg.setAttribute("aria-hidden", "true");
  const path = document.createElementNS(svg.namespaceURI, "path");
  path.setAttribute("d", ICONS[name]);
  svg.append(path);
  return svg;
}
