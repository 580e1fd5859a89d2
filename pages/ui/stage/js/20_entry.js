// The entry that Streamlit calls, again on every change of data or theme.

const KINDS = { player: Player, wall: Wall, board: Board };
const instances = new WeakMap();

export default function (component) {
  const { data, parentElement, setStateValue } = component;
  const payload = data[0];
  let stage = instances.get(parentElement);
  clearTimeout(stage?.ending);
  if (!stage) {
    const root = parentElement.querySelector(".mlp");
    root.classList.add(payload.kind);
    root.tabIndex = payload.kind === "wall" ? -1 : 0;
    stage = new KINDS[payload.kind](root);
    instances.set(parentElement, stage);
  }
  const host = parentElement.host ?? parentElement;
  stage.update(payload, host, (name, value) => setStateValue(name, value));
  // While data comes in quickly, Streamlit cleans up and calls again at once: then nothing has ended.
  return () => {
    stage.ending = setTimeout(() => {
      stage.destroy();
      instances.delete(parentElement);
    });
  };
}
