// The entry that Streamlit calls, again on every change of data or theme.

const KINDS = { player: Player, wall: Wall, board: Board, silent: Silent };
const NO_STOP = ["wall", "silent"]; // for the Tab key: its cells are, or nothing is
const instances = new WeakMap();

export default function (component) {
  const { data, parentElement, setStateValue } = component;
  dress(parentElement);
  const payload = JSON.parse(new TextDecoder().decode(data));
  let stage = instances.get(parentElement);
  clearTimeout(stage?.ending);
  if (!stage) {
    const root = parentElement.querySelector(".mlp");
    root.classList.add(payload.kind);
    root.tabIndex = NO_STOP.includes(payload.kind) ? -1 : 0;
    stage = new KINDS[payload.kind](root);
    instances.set(parentElement, stage);
  }
  const host = parentElement.host ?? parentElement;
  const { session } = payload.keep;
  const post = (name, value) => setStateValue(name, { ...value, session });
  if (keep(payload.keep, stage, post)) {
    const first = stage.score === undefined;
    stage.update(payload, host, post);
    const held = first && cellFromAddress(stage);
    if (held) stage.pin(held);
    if (first) retype(stage);
    if (stage.anew) stage.edits.again();
  }
  // While data comes in quickly, Streamlit cleans up and calls again at once: then nothing has ended.
  return () => {
    stage.ending = setTimeout(() => {
      stage.destroy();
      instances.delete(parentElement);
    });
  };
}
