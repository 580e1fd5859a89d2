// Elements of the page.

/**
 * @template {keyof HTMLElementTagNameMap} Tag
 * @param {Tag} tag
 * @param {string} [className]
 * @param {...(Node | string | undefined)} children
 * @returns {HTMLElementTagNameMap[Tag]}
 */
export function el(tag, className, ...children) {
  const node = document.createElement(tag);
  if (className) node.className = className;
  node.append(...children.filter((child) => child !== undefined));
  return node;
}

/**
 * Formulas are MathML that Python made from its own LaTeX; nothing the user typed is in them.
 *
 * @param {string} mathml
 * @param {string} [className]
 */
export function mathNode(mathml, className = "math") {
  let parsed = formulas.get(mathml);
  if (!parsed) {
    parsed = document.createElement("template");
    parsed.innerHTML = mathml;
    formulas.set(mathml, parsed);
  }
  return el("span", className, parsed.content.cloneNode(true));
}

/** Parsed once: a formula is drawn at every step that shows it. @type {Map<string, HTMLTemplateElement>} */
const formulas = new Map();

/**
 * The element that has the focus, within the shadow root that `node` stands in.
 *
 * @param {Node} node
 * @returns {HTMLElement | null}
 */
export function activeElement(node) {
  const root = /** @type {Document | ShadowRoot} */ (node.getRootNode());
  return /** @type {HTMLElement | null} */ (root.activeElement);
}

/** @type {<E extends Element>(node: E, attributes: Record<string, string | number>) => E} */
export function setAttributes(node, attributes) {
  for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, String(value));
  return node;
}

/** @type {(tag: string, attributes: Record<string, string | number>) => SVGElement} */
export const svgElement = (tag, attributes) => setAttributes(document.createElementNS("http://www.w3.org/2000/svg", tag), attributes);

/** A drawing in a square of 24 by 24, not read out. @param {string} path */
export function svgIcon(path) {
  const svg = svgElement("svg", { viewBox: "0 0 24 24", "aria-hidden": "true" });
  svg.append(svgElement("path", { d: path }));
  return svg;
}

/**
 * A button named by `label`. A formula on its face would be another name, so it is not read out.
 *
 * @type {(className: string, face: Element | string, label: string, action: (event: MouseEvent) => void) => HTMLButtonElement}
 */
export function buttonOf(className, face, label, action) {
  const isFormula = typeof face !== "string" && face.textContent;
  const button = setAttributes(el("button", className, face, isFormula ? el("span", "spoken", label) : undefined), { type: "button" });
  setAttributes(isFormula ? face : button, isFormula ? { "aria-hidden": "true" } : { "aria-label": label });
  button.onclick = action;
  return button;
}
