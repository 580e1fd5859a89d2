// Moving through frames, by hand or by itself.

import { el, setAttributes } from "../../shared/dom.js";
import { SPEEDS, icon } from "./controls.js";
import { Stage, closest } from "./stage.js";

/** What can be played: steps or frames, from 0 to `last`. */
export class Playing extends Stage {
  speed = "normal";
  /** @type {Timer | undefined} */
  timer;
  /** @type {Timer | undefined} */
  reportTimer;
  /** @type {HTMLElement} */
  playButton;
  /** @type {HTMLElement} */
  counter;
  /** @type {HTMLElement} */
  chapters;
  /** @type {HTMLElement | undefined} */
  choices;
  live = setAttributes(el("div", "spoken"), { "aria-live": "polite" });
  /** The count of what Python set, to which the position here belongs. */
  rev = -1;
  /** The event that reports the position, and the position that Python knows. */
  event = "";
  reported = "";

  destroy() {
    super.destroy();
    clearInterval(this.timer);
    clearTimeout(this.reportTimer);
  }

  toggle() {
    if (this.timer) return this.pause();
    if (this.atEnd) this.go(0);
    this.timer = setInterval(() => this.walk(1), SPEEDS[this.speed]);
    this.playButton.replaceChildren(icon("pause"));
    this.playButton.setAttribute("aria-label", "Pause");
  }

  pause() {
    clearInterval(this.timer);
    this.timer = undefined;
    this.playButton.replaceChildren(icon("play"));
    this.playButton.setAttribute("aria-label", "Play");
  }

  /** @param {string} name */
  setSpeed(name) {
    this.speed = name;
    if (!this.timer) return;
    this.pause();
    this.toggle();
  }

  /**
   * @param {KeyboardEvent} event
   * @returns {Record<string, () => void>}
   */
  keys(event) {
    const next = () => this.walk(1);
    const back = () => this.walk(-1);
    return {
      ArrowRight: next, ArrowLeft: back, n: next, p: back, ...(this.view.presenting ? { PageDown: next, PageUp: back } : {}),
      Home: () => this.go(0), End: () => this.go(this.last), r: () => this.setView({ predicting: !this.view.predicting }),
      Escape: () => this.unpin(), ...(closest(event, "button, a, summary") ? {} : { " ": () => this.toggle() }),
      ...super.keys(event),
    };
  }

  /** Python only needs to know where we came to rest, so that the place survives a change of page. */
  reportSoon() {
    clearTimeout(this.reportTimer);
    this.reportTimer = setTimeout(() => this.reportPosition(), 300);
  }

  reportPosition() {
    clearTimeout(this.reportTimer);
    const position = JSON.stringify(this.position);
    if (this.reported === position) return;
    this.reported = position;
    this.post(this.event, this.position);
  }

  get position() {
    return {};
  }

  get last() {
    return 0;
  }

  get atEnd() {
    return true;
  }

  /** @param {number} _number */
  go(_number) {}

  /** @param {number} _by */
  walk(_by) {}
}
