// Of Pyodide's module, which the builder puts beside the scripts, and of what it writes before the service worker.

declare module "*/pyodide.mjs" {
  export const version: string;
  export function loadPyodide(options: object): Promise<any>;
}
declare module "*/pyodide.asm.js";

declare function _createPyodideModule(settings: any): Promise<any>;
declare const VERSION: string;
declare const FILES: string[];
