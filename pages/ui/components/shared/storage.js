// What the page keeps of the work, known to all of its components. On the window, because a host that serves no
// modules gives each component a copy of its own.

/** @type {PageStorage} */
export const storage = (globalThis.mlpscopeStorage ??= { session: null, link: "", doc: null, undo: 0, redo: 0, messages: 0 });

/** The event on the window that says that it has changed. */
export const CHANGED = "mlpscope";
