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

  /** Of a row with `many` each button is pressed or not, but one always is; the others are told from each other. */
  choiceRow({ name, label, options, chosen, many }) {
    const row = el("div", `choice ${name}`, ...(label ? [el("span", "hint", label)] : []));
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
