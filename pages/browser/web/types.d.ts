// Of Pyodide's module, which the builder puts beside the scripts, and of what it writes before the service worker.

declare module "*/pyodide.mjs" {
  export function loadPyodide(options: object): Promise<any>;
}

declare const VERSION: string;
declare const FILES: string[];
