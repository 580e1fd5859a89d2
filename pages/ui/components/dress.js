// A component's style comes with its script: beside it, it would travel with every message.

const sheet = new CSSStyleSheet();
sheet.replaceSync(STYLE);

/** Put the style where the component stands: its shadow root, or the document. */
function dress(parent) {
  const root = parent.getRootNode();
  if (!root.adoptedStyleSheets.includes(sheet)) root.adoptedStyleSheets.push(sheet);
}
