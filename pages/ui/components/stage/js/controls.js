// Buttons, boxes and the legend above a stage.

import { layersOf } from "./network-picture.js";
import { CUTS } from "./number-format.js";
import { buttonOf, el, setAttributes, svgIcon } from "../../shared/dom.js";
/** @import { Playing } from "./playback.js" */
/** @import { Stage } from "./stage.js" */

/** @type {Record<string, number>} milliseconds a step */
export const SPEEDS = { slow: 3000, normal: 1500, fast: 600 };

const DECIMALS = ["2", "3", "4", "6", "8"];

/**
 * @param {string} label
 * @param {string[]} options
 * @param {string} chosen
 * @param {(value: string) => void} change
 */
function selectBox(label, options, chosen, change) {
  const select = el("select");
  for (const value of options) {
    const option = el("option", "", value);
    option.selected = value === chosen;
    select.append(option);
  }
  select.onchange = () => change(select.value);
  return el("label", "picker", el("span", "", label), select);
}

/**
 * @param {string} label
 * @param {string} face
 * @param {() => void} action
 * @param {string} [key]
 */
export function iconButton(label, face, action, key) {
  const button = buttonOf("", face in ICONS ? icon(face) : face, label, action);
  button.title = key ? `${label} (${key})` : label;
  return button;
}

/** How many decimals, and what becomes of the rest. @param {Stage} stage */
export function decimalsBox(stage) {
  const box = selectBox("Decimals", DECIMALS, String(stage.digits), (v) => stage.setDecimals({ digits: Number(v) }));
  const names = Object.values(CUTS);
  const rest = selectBox("Rounding", names, CUTS[stage.cut], (v) => stage.setDecimals({ cut: Object.keys(CUTS)[names.indexOf(v)] }));
  rest.title = "The worksheet truncates, except in \u03b4_1, which it rounds; \u2202L/\u2202Z_1 is rounded as \u03b4_1 is.";
  return el("span", "picker decimals", box, rest);
}

/**
 * What the user can switch on, as a menu.
 *
 * @param {Stage} stage
 */
export function viewMenu(stage) {
  const names = /** @type {[keyof View, string][]} */ (Object.entries(VIEWS)).filter(([name]) => (name !== "predicting" || "walk" in stage) && (!OF_PICTURE.includes(name) || "picture" in stage));
  const menu = el("details", "view", el("summary", "", "View"), el("div", "", ...names.map(([name, words]) => {
    const box = setAttributes(el("input"), { type: "checkbox" });
    box.onchange = () => stage.setView({ [name]: box.checked });
    return el("label", "", box, words);
  })));
  menu.ontoggle = () => menu.querySelectorAll("input").forEach((box, k) => {
    box.checked = stage.view[names[k][0]];
    box.disabled = OF_PICTURE.includes(names[k][0]) && !layersOf(stage.model).length;
  });
  return menu;
}

const OF_PICTURE = ["picture", "gradients"]; // logits alone have no network

/** @type {Record<keyof View, string>} */
const VIEWS = {
  oneScale: "One colour scale for all matrices",
  dims: "Dim what a pointed cell does not concern",
  picture: "The network as nodes and edges (g)",
  gradients: "Its edges are gradients, not weights",
  predicting: "Predict, then reveal (r)",
  presenting: "Present (f, Page Down, Page Up, b)",
};

/**
 * The buttons of what can be played, its counter, and how fast and how exact.
 *
 * @param {Playing} stage
 * @param {string} what
 * @param {...Node} extra
 */
export function buildTransport(stage, what, ...extra) {
  stage.playButton = iconButton("Play", "play", () => stage.toggle(), "space");
  stage.counter = el("span", "counter");
  const bar = el(
    "div", "bar",
    iconButton(`First ${what}`, "first", () => stage.go(0), "Home"),
    iconButton("Previous", "back", () => stage.walk(-1), "left arrow"),
    iconButton("Next", "next", () => stage.walk(1), "right arrow"),
    stage.counter, stage.playButton, ...extra,
    selectBox("Speed", Object.keys(SPEEDS), "normal", (v) => stage.setSpeed(v)),
    decimalsBox(stage), viewMenu(stage),
  );
  return setAttributes(bar, { role: "toolbar", "aria-label": "Walk through the pass" });
}

/** @param {Record<string, string>} parts */
export function buildLegend(parts) {
  const box = el("span", "legend");
  for (const [part, word] of Object.entries(parts)) box.append(el("span", `key part-${part}`, word));
  box.append(el("span", "", "\u25e5 changed"));
  return box;
}

/** @type {Record<string, string>} */
const ICONS = {
  first: "M4 4v16h2.500V4zM18 4l2.500 2.500L15 12l5.500 5.500L18 20 10 12z",
  back: "M15.500 4 18 6.500 12.500 12l5.500 5.500-2.500 2.500L7 12z",
  play: "M7 4l12 8-12 8z",
  pause: "M6 4h4v16H6zM14 4h4v16h-4z",
  copy: "M8 3h11v14h-2V5H8zM4 7h11v14H4zm2 2v10h7V9z",
  next: "M8.500 4 6 6.500 11.500 12 6 17.500 8.500 20 17 12z",
};

/** @param {string} name */
export function icon(name) {
  return svgIcon(ICONS[name]);
}
