// Numbers as digits and as colour, and the formula of a cell with numbers in it.

const MINUS = "\u2212";

function trim(text) {
  return text.includes(".") ? text.replace(/\.?0+$/, "") : text;
}

/** A number with at most `digits` decimals; very large and very small ones with a power of ten. */
function format(x, digits) {
  if (Number.isNaN(x)) return "NaN";
  if (!Number.isFinite(x)) return x > 0 ? "\u221e" : `${MINUS}\u221e`;
  if (x === 0) return "0";
  const size = Math.abs(x);
  let text;
  if (size >= 1e5 || size < 0.5 * 10 ** -digits) {
    const [mantissa, power] = x.toExponential(Math.max(0, digits - 3)).split("e");
    text = `${trim(mantissa)}e${Number(power)}`;
  } else {
    // 0.1205 is a little less in binary; the nudge rounds it as a person would by hand.
    const nudged = x * (1 + 1e-14);
    text = trim(nudged.toFixed(size >= 1000 ? Math.min(digits, 1) : size >= 100 ? Math.min(digits, 2) : digits));
  }
  return text.replaceAll("-", MINUS);
}

/** A number as a person would read it out: without the dust that binary fractions leave. */
function shortest(x) {
  return Number.isFinite(x) ? String(Number(x.toPrecision(14))).replaceAll("-", MINUS) : format(x, 0);
}

/** A number to the last digit, as it is typed. */
function exact(x) {
  return Number.isFinite(x) ? String(x) : format(x, 0);
}

function luminance(colour) {
  const [r, g, b] = colour.map((v) => (v / 255 <= 0.04045 ? v / 255 / 12.92 : ((v / 255 + 0.055) / 1.055) ** 2.4));
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}

/** The colours of the theme in force: poles mixed with its background, so that zero is nothing. */
function palette(host) {
  const background = rgb(getComputedStyle(host).getPropertyValue("--st-background-color") || "#ffffff");
  const dark = luminance(background) < 0.2;
  const [plus, minus] = poles(dark);
  return { background, dark, plus, minus };
}

/** Background and ink of a cell whose value is `share` of the scale (-1 to 1). */
function shade(colours, share) {
  const pole = share < 0 ? colours.minus : colours.plus;
  const weight = 0.92 * Math.min(1, Math.abs(share));
  const mixed = colours.background.map((b, i) => Math.round(b + (pole[i] - b) * weight));
  const light = luminance(mixed);
  // Whichever of black and white has the larger contrast ratio.
  const ink = (light + 0.05) / 0.05 > 1.05 / (light + 0.05) ? "#000000" : "#ffffff";
  return { background: `rgb(${mixed.join(" ")})`, ink };
}

/** The largest finite size among matrices: one symmetric scale for one equation. */
function scaleOf(matrices) {
  let top = 0;
  for (const m of matrices) for (const x of m.data) if (Number.isFinite(x) && Math.abs(x) > top) top = Math.abs(x);
  return top || 1;
}

/** One scale for the matrices of an equation; slopes and single numbers are of another kind. */
function scalesOf(step, matrices) {
  const apart = (t) => t.slot !== "result" && (t.id !== t.of || matrices[t.id].shape.length === 0);
  const shared = scaleOf(step.tiles.filter((t) => !apart(t)).map((t) => matrices[t.id]));
  return Object.fromEntries(step.tiles.map((t) => [t.id, apart(t) ? scaleOf([matrices[t.id]]) : shared]));
}

const LONGEST_SUM = 8;

/**
 * The formula of one cell with numbers in place of symbols; the twin of `mlpcore.equations.cells.numbers`.
 * With `seen`, an operand that is read through a function shows the function's value.
 */
function cellFormula(step, matrices, index, digits, seen = false) {
  const operands = step.operands.map((id) => matrices[id]);
  const size = {};
  step.reads.forEach((letters, k) => [...letters].forEach((a, axis) => (size[a] = operands[k].shape[axis])));

  function places(letters) {
    return [...letters].reduce(
      (sofar, a) => sofar.flatMap((at) => Array.from({ length: size[a] }, (_, i) => ({ ...at, [a]: i }))),
      [{}],
    );
  }
  function bracketed(number, out) {
    return number.startsWith(MINUS) && out && !"(=".includes(out.at(-1)) ? `(${number})` : number;
  }
  function write(tree, at, out = "") {
    for (const node of tree) {
      if (typeof node === "string") out += node.replaceAll(" - ", ` ${MINUS} `);
      else if (node[0] === "size") out += size[node[1]];
      else if (node[0] === "ref") {
        const [, k, letters, viewed] = node;
        const where = [...letters].map((a) => at[a]);
        const raw = format(operands[k].data[flat(operands[k], where)], digits);
        if (!viewed) out += bracketed(raw, out);
        else if (!seen) out += `${step.views[k].name}(${raw})`;
        else out += bracketed(format(matrices[step.views[k].id].data[flat(operands[k], where)], digits), out);
      } else {
        const all = places(node[1]);
        const zero = all.length > LONGEST_SUM ? zeroTerms(node[2], operands, at) : () => false;
        const some = all.filter((p) => !zero(p));
        const left = some.length ? some : all;
        const shown = left.length <= LONGEST_SUM ? left : [...left.slice(0, LONGEST_SUM - 1), left.at(-1)];
        const join = node[0] === "sum" ? " + " : ", ";
        if (node[0] === "max") out += "max(";
        shown.forEach((p, n) => {
          if (n && n === shown.length - 1 && shown.length < left.length)
            out += `${join}\u2026 ${left.length - shown.length} more \u2026`;
          out = write(node[2], { ...at, ...p }, n ? `${out}${join}` : out);
        });
        if (left.length < all.length) out += ` + ${all.length - left.length} that are 0`;
        if (node[0] === "max") out += ")";
      }
    }
    return out;
  }
  return write(step.cell, bind(step.makes, index, first(step)));
}

/** Whether a term of a long sum of products has a factor that is exactly 0, so that it need not be written. */
function zeroTerms(body, operands, at) {
  const factors = body.filter((node) => typeof node !== "string");
  const plain = factors.every((n) => n[0] === "ref" && !n[3]) && body.every((n) => typeof n !== "string" || n === "\u00b7");
  const value = (n, place) => operands[n[1]].data[flat(operands[n[1]], [...n[2]].map((a) => ({ ...at, ...place })[a]))];
  return (place) => plain && factors.some((n) => value(n, place) === 0);
}

/** Symbol, formula, numbers and value of one cell, as one line of text. */
function cellLine(step, matrices, index, digits) {
  const result = matrices[step.out];
  const value = format(result.data[flat(result, index)], digits);
  const written = cellFormula(step, matrices, index, digits);
  const parts = [`${result.text}${place(index)}`, written];
  if (Object.keys(step.views).length) parts.push(cellFormula(step, matrices, index, digits, true));
  return [...parts.filter((p, i) => i === 0 || p !== value), value].join(" = ");
}
