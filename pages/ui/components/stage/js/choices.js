// Rows of buttons above a stage: its chapters, and what can be chosen in the present one; a slider for one number.

import { activeElement, buttonOf, el, mathNode, setAttributes } from "../../shared/dom.js";
import { MINUS } from "./number-format.js";
/** @import { Board } from "./board.js" */
/** @import { Playing } from "./playback.js" */

/** Rebuild the rows where what they offer has changed. @param {Playing} stage */
export function buildChoices(stage) {
  const { choices } = stage.model;
  if (!stage.isStale("choices", choices)) return;
  const focused = activeElement(stage.root)?.dataset.choice;
  const rows = choices.map((choice) => choiceRow(stage, choice));
  const open = choices[0]?.options.find(({ value }) => value === choices[0].chosen);
  stage.chapters.replaceChildren(el("h2", "spoken", open?.label ?? ""), ...rows.slice(0, 1));
  stage.choices?.replaceChildren(...rows.slice(1));
  // On a narrow screen a row is scrolled sideways.
  for (const row of rows) {
    const pressed = /** @type {HTMLElement | null} */ (row.querySelector('[aria-pressed="true"]'));
    if (pressed) row.scrollLeft = pressed.offsetLeft - row.offsetLeft - 90;
  }
  if (focused) /** @type {HTMLElement | null} */ (stage.root.querySelector(`[data-choice="${CSS.escape(focused)}"]`))?.focus();
}

/**
 * With `many` every button is on or off, and one is always on; else one of them is chosen.
 *
 * @param {Playing} stage
 * @param {Choice} choice
 */
function choiceRow(stage, { name, label, options, chosen, many }) {
  const row = el("div", "choice", label ? el("span", "hint", label) : undefined);
  setAttributes(row, { role: "group", "aria-label": label || name });
  const pressed = new Set([chosen].flat());
  /** @param {string} value */
  const post = (value) => stage.post("choose", { name, value, at: Date.now() });
  for (const { value, label: face, spoken, mark } of options) {
    const showPressed = () => setAttributes(button, { "aria-pressed": String(pressed.has(value)) });
    const button = buttonOf("", face.startsWith("<math") ? mathNode(face) : face, spoken, () => {
      if (!many) {
        if (value !== chosen) post(value);
        return;
      }
      // Shown at once: a second click may come before the answer to the first.
      if (!pressed.delete(value)) pressed.add(value);
      if (!pressed.size) pressed.add(value);
      showPressed();
      post([...pressed].join(" "));
    });
    button.dataset.choice = `${name}/${value}`;
    if (mark) button.append(el("span", `mark ${mark === "\u2713" ? "good" : "bad"}`, mark));
    showPressed();
    row.append(button);
  }
  return row;
}

/**
 * A single number under a slider: it is edited as in its cell, so that all follows while the hand moves.
 *
 * @param {Board} stage
 */
export function buildKnob(stage) {
  const { knob } = stage.model;
  if (!stage.isStale("knob", knob)) return;
  if (!knob) return stage.knob.replaceChildren();
  const slider = setAttributes(el("input"), { type: "range", min: knob.low, max: knob.high, step: knob.step });
  slider.onpointerdown = slider.onkeydown = () => stage.edits.stroke++;
  slider.oninput = () => stage.edits.set(knob.of, [], Number(slider.value));
  stage.knob.replaceChildren(el("span", "hint", knob.label), slider, el("output"));
}

/** @param {Board} stage */
export function updateKnob(stage) {
  const { knob } = stage.model;
  if (!knob) return;
  const now = stage.edits.value(knob.of, 0);
  const [, slider, words] = /** @type {Iterable<HTMLInputElement>} */ (stage.knob.children);
  if (Number(slider.value) !== now) slider.value = String(now);
  words.textContent = now.toFixed(3).replace("-", MINUS);
}
