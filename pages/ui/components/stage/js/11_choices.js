// Rows of buttons above a stage: its chapters, and what can be chosen in the present one.

Object.assign(Stage.prototype, {
  fillChoices() {
    const signature = JSON.stringify(this.score.choices);
    if (signature === this.offered) return;
    this.offered = signature;
    const focused = this.root.getRootNode().activeElement?.dataset?.choice;
    const [chapters, ...rest] = this.score.choices.map((choice) => this.choiceRow(choice));
    this.chapters.replaceChildren(chapters);
    this.choices?.replaceChildren(...rest);
    if (focused) this.root.querySelector(`[data-choice="${CSS.escape(focused)}"]`)?.focus();
  },

  /** A single number under a slider: it is edited as in its cell, so that all follows while the hand moves. */
  fillKnob() {
    const { knob } = this.score;
    const signature = JSON.stringify(knob);
    if (signature === this.turns) return;
    this.turns = signature;
    const slider = el("input");
    this.knob.replaceChildren(...(knob ? [el("span", "hint", knob.label), slider, el("output")] : []));
    if (!knob) return;
    Object.assign(slider, { type: "range", min: knob.low, max: knob.high, step: knob.step });
    slider.onpointerdown = slider.onkeydown = () => this.edits.stroke++;
    slider.oninput = () => this.edits.set(knob.of, [], Number(slider.value));
  },

  turnKnob() {
    const { knob, matrices } = this.score;
    if (!knob) return;
    const now = this.edits.value(knob.of, 0) ?? matrices[knob.of].data[0];
    const [, slider, words] = this.knob.children;
    if (Number(slider.value) !== now) slider.value = now;
    words.textContent = now.toFixed(3).replace("-", MINUS);
  },

  /** Of a row with `many` each button is pressed or not, but one always is; the others are told from each other. */
  choiceRow({ name, label, options, chosen, many }) {
    const row = el("div", "choice", ...(label ? [el("span", "hint", label)] : []));
    row.setAttribute("role", "group");
    row.setAttribute("aria-label", label || name);
    const pressed = new Set([].concat(chosen));
    for (const { value, label: face, spoken, mark } of options) {
      const b = el("button", "", face.startsWith("<math") ? mathNode(face) : face);
      if (mark) b.append(el("span", `mark ${mark === "\u2713" ? "good" : "bad"}`, mark));
      b.type = "button";
      b.dataset.choice = `${name}/${value}`;
      b.setAttribute("aria-pressed", String(pressed.has(value)));
      b.setAttribute("aria-label", spoken);
      b.onclick = () => {
        if (!many) return value !== chosen && this.post("choose", { name, value, at: Date.now() });
        // Shown at once: a second click may come before the answer to the first.
        if (!pressed.delete(value)) pressed.add(value);
        if (!pressed.size) pressed.add(value);
        b.setAttribute("aria-pressed", String(pressed.has(value)));
        this.post("choose", { name, value: [...pressed].join(" "), at: Date.now() });
      };
      row.append(b);
    }
    return row;
  },
});
