import js from "@eslint/js";
import globals from "globals";

// Paths are those of the repository: the linter is run there.
export default [
  js.configs.recommended,
  { files: ["pages/**"], languageOptions: { globals: globals.browser } },
  { files: ["pages/browser/web/service-worker.js"], languageOptions: { globals: { VERSION: "readonly", FILES: "readonly" } } },
  { files: ["pages/browser/web/compile.mjs", "tests/**"], languageOptions: { globals: globals.node } },
  {
    rules: {
      eqeqeq: "error",
      "no-shadow": "error",
      "no-unused-expressions": "error",
      "no-unused-vars": ["error", { argsIgnorePattern: "^_" }],
      "no-var": "error",
      "object-shorthand": "error",
      "prefer-const": "error",
    },
  },
];
