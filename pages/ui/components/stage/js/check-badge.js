// What the numerical gradient says of a gradient, in words.

/**
 * @param {GradientCheck} check
 * @returns {[face: string, title: string]}
 */
export function gradientCheckText(check) {
  const seen = check.probed < check.cells ? `${check.probed} of ${check.cells} cells compared` : "every cell compared";
  const lines = [
    check.agrees
      ? `Agrees with central differences: worst relative error ${check.error}, ${seen}.`
      : check.error === OUT_OF_RANGE
        ? "The loss or this gradient is beyond the range of numbers, so differences cannot be taken."
        : `Central differences disagree: worst relative error ${check.error}, ${seen}.`,
    ...check.skipped.map((s) => `Not comparable, ${s}.`),
  ];
  if (check.skips > check.skipped.length) lines.push(`${check.skips - check.skipped.length} more cells like that.`);
  return [`${check.agrees ? "\u2713" : "\u2717"} ${check.error}${skippedText(check)}`, lines.join("\n")];
}

export const OUT_OF_RANGE = "out of range";

/** @param {GradientCheck} check */
export function skippedText(check) {
  return check.skips ? `, ${check.skips} at a kink` : "";
}
