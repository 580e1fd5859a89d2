// What this is and where to begin: on the Overview until it is dismissed, and again under the toolbar's question mark.

import { buttonOf, el } from "../../shared/dom.js";
/** @import { Stage } from "./stage.js" */

const KEY = "mlpscope.doors"; // in this browser: "closed" once dismissed
/** The event on the window by which the toolbar asks for the doors. */
const ASKED = "mlpscope-doors";

export const doorsAreOpen = () => localStorage.getItem(KEY) !== "closed";

/** @type {Record<string, () => HTMLElement | null | undefined>} what a door says -> what of the page it clicks */
const DOORS = {
  "Put in your own numbers": () => /** @type {HTMLElement | null} */ (document.querySelector(".st-key-menu-Network button")),
  "Why is the gradient that formula": () => linkTo("Derivation"),
};

/** The link of the navigation to a page. @param {string} page */
function linkTo(page) {
  return [...document.querySelectorAll("a")].find((link) => link.textContent?.trim() === page);
}

/** @param {Stage} stage */
export function buildDoors(stage) {
  // Whatever was there: an undo brings it back.
  /** @type {(words: string, example: string) => HTMLElement} */
  const door = (words, example) => buttonOf("", words, words, () => {
    if (example === "worksheet") stage.setDecimals({ cut: example }); // so that its digits are found again
    stage.post("open", { step: 0, example, at: Date.now() });
  });
  // Once this click is over: a menu that is opened within it would take it for a click beside the menu, and close.
  const doors = Object.entries(DOORS).map(([words, find]) => buttonOf("", words, words, () => setTimeout(() => find()?.click())));
  const close = buttonOf("close", "\u00d7", "Dismiss: it is under the question mark again", () => {
    localStorage.setItem(KEY, "closed");
    stage.draw();
  });
  const what = "a multilayer perceptron, every number of its forward and backward pass seen, changed and explained.";
  return el("div", "doors", el("p", "", el("b", "", "MLPScope"), `: ${what}`), el("span", "", door("Walk through the worksheet", "worksheet"), ...doors, door("Why P \u2212 Y", "three classes"), close));
}

/** Show the doors again when the toolbar asks for them. @param {Stage} stage */
export function listenForDoors(stage) {
  addEventListener(ASKED, () => stage.model && stage.draw(), { signal: stage.abort.signal });
}
