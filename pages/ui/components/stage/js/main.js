// The entry that Streamlit calls, again on every change of data or theme.

import { adoptStyle, loadStyle } from "../../shared/style.js";
import { Board } from "./board.js";
import { Player } from "./player.js";
import { restoreUnsent } from "./server-watch.js";
import { Silent } from "./silent.js";
import { syncStorage } from "./storage-sync.js";
import { Wall } from "./wall.js";

const KINDS = { player: Player, wall: Wall, board: Board, silent: Silent };
const WITHOUT_TAB_STOP = ["wall", "silent"]; // the wall's cells are such stops, and a silent stage has nothing to do

const style = await loadStyle(new URL("../stage.css", import.meta.url));
/** @type {WeakMap<HTMLElement, Player | Wall | Board | Silent>} */
const stages = new WeakMap();

/** @param {Component<Uint8Array>} component */
export default function ({ data, parentElement, setStateValue }) {
  adoptStyle(parentElement, style);
  /** @type {Payload} */
  const payload = JSON.parse(new TextDecoder().decode(data));
  let stage = stages.get(parentElement);
  clearTimeout(stage?.endTimer);
  if (!stage) {
    const root = /** @type {HTMLElement} */ (parentElement.querySelector(".mlp"));
    root.classList.add(payload.kind);
    root.tabIndex = WITHOUT_TAB_STOP.includes(payload.kind) ? -1 : 0;
    stage = new KINDS[payload.kind](root);
    stages.set(parentElement, stage);
  }
  const host = parentElement.host ?? parentElement;
  const { session } = payload.keep;
  /** @type {Post} */
  const post = (name, value) => setStateValue(name, { ...value, session });
  if (syncStorage(payload.keep, stage, post)) {
    const first = stage.model === undefined;
    stage.update(payload, host, post);
    if (first) {
      stage.restoreHeld();
      restoreUnsent(stage);
      stage.showPresenting();
    }
    if (stage.sessionIsNew) stage.edits.resend();
  }
  // While data comes in quickly, Streamlit cleans up and calls again at once: then nothing has ended.
  return () => {
    stage.endTimer = setTimeout(() => {
      stage.destroy();
      stages.delete(parentElement);
    });
  };
}
