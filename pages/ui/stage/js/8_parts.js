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

function equationNodes(step, score) {
  const { word } = score.matrices[step.out];
  const nodes = [mathNode(step.formula, "formula"), el("span", "word", word)];
  const check = score.checks[step.out];
  if (check) {
    const [text, title] = badgeWords(check);
    const badge = el("span", `badge ${check.agrees ? "good" : "bad"}`, text);
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
