// What the numerical gradient says of a gradient, in words.

/** @type {Record<GradientCheck["verdict"], string>} */
const CLASSES = { agrees: "good", disagrees: "bad", "not measurable": "open" };

/** The class that colours a verdict. @param {GradientCheck} check */
export function checkClass(check) {
  return `badge ${CLASSES[check.verdict]}`;
}

/** How many cells were compared, and why the others were not. @param {GradientCheck} check */
function countText({ compared, cells, why, skips }) {
  if (compared === cells) return cells === 1 ? "its cell compared" : `all ${cells} cells compared`;
  const rest = cells - compared - skips;
  const reasons = [why, rest ? `${rest} not probed, to save time` : ""].filter(Boolean).join("; ");
  return `${compared} of ${cells} cells compared; ${reasons}`;
}

/**
 * The mark that fits beside a name.
 *
 * @param {GradientCheck} check
 */
export function checkMark(check) {
  if (check.verdict === "agrees") return `\u2713 ${check.error}`;
  if (check.verdict === "disagrees") return `\u2717 ${check.error}`;
  return `\u2013 ${check.compared} of ${check.cells}`;
}

/**
 * The verdict as a line.
 *
 * @param {GradientCheck} check
 */
export function checkLine(check) {
  const counted = countText(check);
  if (check.verdict === "agrees") return `\u2713 gradient check: max. relative error ${check.error}, ${counted}`;
  if (check.verdict === "disagrees") return `\u2717 gradient check: disagrees, max. relative error ${check.error}, ${counted}`;
  if (check.compared && check.compared === check.cells) return "\u2013 gradient check: every cell and every difference is 0, which proves nothing";
  return `\u2013 gradient check: not measurable as a whole, ${counted}`;
}

/**
 * Bring a badge up to date; it names the cells that were not measured where it is pointed at.
 *
 * @param {HTMLElement} badge
 * @param {GradientCheck | undefined} check of the gradient beside it, if that is one
 * @param {(check: GradientCheck) => string} face the verdict as a mark or as a line
 */
export function paintBadge(badge, check, face) {
  badge.hidden = !check;
  if (!check) return;
  const [text, line, more] = [face(check), checkLine(check), check.skips - check.skipped.length];
  badge.className = checkClass(check);
  badge.textContent = text;
  badge.title = [line, ...check.skipped, more > 0 ? `${more} more cells like that.` : ""].filter(Boolean).join("\n");
  badge.setAttribute("aria-label", line.startsWith(text) ? line : `${text}: ${line}`);
}
