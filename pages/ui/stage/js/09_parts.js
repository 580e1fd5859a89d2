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

function legend() {
  const box = el("span", "legend");
  for (const [part, word] of Object.entries(PARTS)) box.append(el("span", `key part-${part}`, word));
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
    const text = check.agrees ? `\u2713 agrees with central differences to ${check.error}` : "\u2717 disagrees with central differences";
    const badge = el("span", `badge ${check.agrees ? "good" : "bad"}`, text + skipWords(check));
    badge.title = title;
    badge.setAttribute("aria-label", title);
    nodes.push(badge);
  }
  if (step.recompute) nodes.push(el("span", "note", "computed again: it was not kept"));
  if (step.frees.length) nodes.push(el("span", "note", `frees ${step.frees.join(", ")}`));
  return nodes;
}

function numbersNode(text) {
  const node = el("output", "numbers");
  node.textContent = text;
  return node;
}

const ICONS = {
  first: "M5 4v16h2.5V4zM20 4 9 12l11 8z",
  back: "M18 4 6 12l12 8z",
  play: "M7 4l12 8-12 8z",
  pause: "M6 4h4v16H6zM14 4h4v16h-4z",
  next: "M4 4l11 8-11 8zM16.500 4H19v16h-2.500z",
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
