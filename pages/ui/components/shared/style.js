// A component's style is fetched beside its modules: with the component, it would travel with every message.

/**
 * @param {URL} url of a style sheet
 * @returns {Promise<CSSStyleSheet>}
 */
export async function loadStyle(url) {
  const sheet = new CSSStyleSheet();
  sheet.replaceSync(await (await fetch(url)).text());
  return sheet;
}

/**
 * Put a style where a component stands: its shadow root, or the document.
 *
 * @param {Node} parent
 * @param {CSSStyleSheet} sheet
 */
export function adoptStyle(parent, sheet) {
  const root = /** @type {Document | ShadowRoot} */ (parent.getRootNode());
  if (!root.adoptedStyleSheets.includes(sheet)) root.adoptedStyleSheets.push(sheet);
}

/** How much larger than on a small screen all is written (see `html` in pages/ui/layout.py). */
export const growth = () => parseFloat(getComputedStyle(document.documentElement).fontSize) / 16;
