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

  choiceRow({ name, label, options, chosen }) {
    const row = el("div", "choice", ...(label ? [el("span", "hint", label)] : []));
    row.setAttribute("role", "group");
    row.setAttribute("aria-label", label || name);
    for (const { value, label: face, spoken, mark } of options) {
      const b = el("button", "", face.startsWith("<math") ? mathNode(face) : face);
      if (mark) b.append(el("span", `mark ${mark === "\u2713" ? "good" : "bad"}`, mark));
      b.type = "button";
      b.dataset.choice = `${name}/${value}`;
      b.setAttribute("aria-pressed", String(value === chosen));
      b.setAttribute("aria-label", spoken);
      b.onclick = () => value !== chosen && this.post("choose", { name, value, at: Date.now() });
      row.append(b);
    }
    return row;
  },
});
