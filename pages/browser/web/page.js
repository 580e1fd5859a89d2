// Stands in for the network: what Streamlit's page asks its server for, the worker answers. Runs before Streamlit's own
// modules, which are those of version 1.67 (see `one_thread.py`).
(() => {
  const script = /** @type {HTMLScriptElement} */ (document.currentScript);
  const base = new URL("../../", script.src);
  const inPage = location.pathname.slice(base.pathname.length).split("/").length > 1;

  // A host gives a page's folder a slash at its end, which Streamlit's addresses of pages do not have. It goes before
  // Streamlit's modules run, and after the page is read: its files are named from the folder.
  document.addEventListener(
    "readystatechange",
    () => {
      for (const icon of document.querySelectorAll('link[rel~="icon"]')) icon.setAttribute("href", new URL("favicon.png", base).href);
      const path = location.pathname.replace(/\/index\.html$/, "/");
      const wanted = inPage ? path.replace(/\/+$/, "") : path;
      if (wanted !== location.pathname) history.replaceState(history.state, "", wanted + location.search + location.hash);
    },
    { once: true },
  );
  const root = base.href.replace(/\/$/, "");
  Object.assign(window, { __streamlit: { BACKEND_BASE_URL: root, MAIN_PAGE_BASE_URL: root } });

  // --- the start ----------------------------------------------------------------------------------

  const LAST_START = "mlpscope.start";
  const began = performance.now();
  const panel = document.createElement("div");
  panel.id = "mlpscope-start";
  panel.setAttribute("role", "status");
  panel.style.cssText =
    "position: fixed; inset: 0; z-index: 9; display: grid; place-content: center; justify-items: center; gap: 0.7rem; padding: 1rem; " +
    "font: 16px/1.4 system-ui, sans-serif; text-align: center; background: Canvas; color: CanvasText; color-scheme: light dark";
  const [title, bar, what, usual] = ["b", "progress", "span", "small"].map((name) => panel.appendChild(document.createElement(name)));
  title.textContent = "MLPScope starts in your browser";
  // Streamlit's page waits behind it, and would draw its placeholder's pulse sixty times a second.
  panel.appendChild(document.createElement("style")).textContent = "#root * { animation: none !important }";
  const last = Number(localStorage.getItem(LAST_START));
  usual.textContent = last ? `The last start here took ${last} s.` : "The first start loads Python; later ones find it in this browser.";
  document.addEventListener("DOMContentLoaded", () => !ready && document.body.append(panel));
  let ready = false;

  /**
   * @param {string} words
   * @param {number} share
   */
  function showProgress(words, share) {
    what.textContent = words;
    Object.assign(bar, { value: share });
  }

  /** @type {Worker | undefined} */
  let worker;

  /** @param {string} reason */
  function fail(reason) {
    worker?.terminate();
    title.textContent = "MLPScope cannot start here";
    bar.remove();
    usual.remove();
    what.textContent = reason;
  }

  function finishStart() {
    ready = true;
    panel.remove();
    localStorage.setItem(LAST_START, String(Math.round((performance.now() - began) / 1000)));
    // It loads the whole site, for which the first page need not wait; without it there is a network.
    setTimeout(() => navigator.serviceWorker?.register(new URL("service-worker.js", base)).catch(() => {}), 3000);
  }

  if (location.protocol === "file:") {
    return fail("A browser lets no page start Python from a file. Put the folder on a web host, or run: python -m http.server --directory THIS_FOLDER");
  }
  if (typeof WebAssembly !== "object") return fail("This browser has no WebAssembly, or its settings forbid it.");

  // --- the worker ---------------------------------------------------------------------------------

  const server = (worker = new Worker(new URL("worker.js", script.src), { type: "module" }));
  let count = 0;
  /** @type {Map<number, (answer: any[]) => void>} */
  const requests = new Map();
  /** @type {Map<number, Socket>} */
  const sockets = new Map();
  server.onerror = (event) => ready || fail(`The worker could not be started: ${event.message || "worker.js or a file that it needs is missing"}.`);
  server.onmessage = ({ data: [kind, ...rest] }) => {
    if (kind === "progress") showProgress(rest[0], rest[1]);
    else if (kind === "ready") finishStart();
    else if (kind === "failed") fail(rest[0]);
    else if (kind === "answer") {
      requests.get(rest[0])?.(rest.slice(1));
      requests.delete(rest[0]);
    } else sockets.get(rest[0])?.receive(kind, rest[1]);
  };

  /** The path of an address that only a server has; null for a file. @param {string | URL} address */
  function findPath(address) {
    const url = new URL(address, location.href);
    const path = url.origin === base.origin && url.pathname.startsWith(base.pathname) ? `/${url.pathname.slice(base.pathname.length)}` : "";
    return /^\/(_stcore\/(upload_file|bidi-components)|media|component|mlpscope-start)(\/|$)/.test(path) ? path : null;
  }

  /**
   * Ask the worker, as one would a server.
   *
   * @param {string} method
   * @param {string | URL} address
   * @param {Headers} headers
   * @param {BodyInit | null} body
   * @returns {Promise<Response>}
   */
  async function ask(method, address, headers, body) {
    const url = new URL(address, location.href);
    const sent = new Response(body);
    const type = sent.headers.get("content-type");
    if (type) headers.set("content-type", type); // the boundary of a form stands in it
    const bytes = new Uint8Array(await sent.arrayBuffer());
    const pairs = [...headers, ["host", location.host], ["origin", location.origin], ["content-length", String(bytes.length)]];
    const number = ++count;
    const answered = new Promise((resolve) => requests.set(number, resolve));
    server.postMessage(["request", number, method, findPath(url), url.search.slice(1), JSON.stringify(pairs), bytes], [bytes.buffer]);
    const [status, found, content] = await answered;
    return new Response([204, 304].includes(status) ? null : content, { status, headers: JSON.parse(found) });
  }

  // --- what Streamlit's page uses of the network --------------------------------------------------

  class Socket extends EventTarget {
    static CONNECTING = 0;
    static OPEN = 1;
    static CLOSING = 2;
    static CLOSED = 3;
    readyState = Socket.CONNECTING;
    protocol = "streamlit";
    binaryType = "arraybuffer";
    bufferedAmount = 0;
    extensions = "";
    #number = ++count;

    /**
     * @param {string | URL} url
     * @param {string | string[]} [protocols]
     */
    constructor(url, protocols = []) {
      super();
      this.url = String(url);
      sockets.set(this.#number, this);
      const headers = [["host", location.host], ["origin", location.origin], ["user-agent", navigator.userAgent], ["accept-language", navigator.language], ["sec-websocket-protocol", [protocols].flat().join(", ")]];
      server.postMessage(["open", this.#number, new URL(url, location.href).search.slice(1), JSON.stringify(headers)]);
      // Open at once: what is sent waits for Python, and Streamlit's page gives up on nothing.
      setTimeout(() => this.#change(Socket.OPEN, new Event("open")));
    }

    /**
     * @param {number} state
     * @param {Event} event
     */
    #change(state, event) {
      if (this.readyState >= state) return;
      this.readyState = state;
      if (state === Socket.CLOSED) sockets.delete(this.#number);
      this.#emit(event);
    }

    /** @param {Event} event */
    #emit(event) {
      /** @type {any} */ (this)[`on${event.type}`]?.(event);
      this.dispatchEvent(event);
    }

    /**
     * @param {string} kind
     * @param {any} data
     */
    receive(kind, data) {
      if (kind === "close") this.#change(Socket.CLOSED, new CloseEvent("close", { code: data, wasClean: true }));
      else if (this.readyState === Socket.OPEN) this.#emit(new MessageEvent("message", { data: data.buffer ?? data }));
    }

    /** @param {ArrayBuffer | Uint8Array} data */
    send(data) {
      const bytes = new Uint8Array(data).slice();
      server.postMessage(["send", this.#number, bytes], [bytes.buffer]);
    }

    close(code = 1000) {
      server.postMessage(["close", this.#number]);
      this.#change(Socket.CLOSED, new CloseEvent("close", { code, wasClean: true }));
    }
  }

  class Request extends XMLHttpRequest {
    /** @type {{ method: string, address: string | URL, headers: Headers } | null} */
    #asked = null;

    /**
     * @param {string} method
     * @param {string | URL} address
     * @param {boolean} [isAsync]
     * @override
     */
    open(method, address, isAsync = true) {
      this.#asked = findPath(address) ? { method, address, headers: new Headers() } : null;
      super.open(method, address, isAsync);
    }

    /**
     * @param {string} name
     * @param {string} value
     * @override
     */
    setRequestHeader(name, value) {
      this.#asked?.headers.set(name, value);
      super.setRequestHeader(name, value);
    }

    /** @param {any} body @override */
    send(body = null) {
      if (!this.#asked) return super.send(body);
      const { method, address, headers } = this.#asked;
      if (body instanceof FormData) headers.delete("content-type");
      const { responseType } = this;
      ask(method, address, headers, body).then(async (response) => {
        // The browser reads the answer from an address of its own; a failure from one that there is not.
        super.open("GET", response.ok ? URL.createObjectURL(await response.blob()) : "blob:none");
        this.responseType = responseType;
        super.send();
      });
    }
  }

  const { WebSocket, fetch } = window;
  const { click } = HTMLAnchorElement.prototype;
  Object.assign(window, {
    XMLHttpRequest: Request,
    WebSocket: new Proxy(WebSocket, {
      construct: (_, [url, protocols]) => (String(url).includes("/_stcore/stream") ? new Socket(url, protocols) : new WebSocket(url, protocols)),
    }),
    fetch: (/** @type {RequestInfo | URL} */ resource, /** @type {RequestInit} */ how = {}) => {
      const address = resource instanceof window.Request ? resource.url : resource;
      return findPath(address) ? ask(how.method ?? "GET", address, new Headers(how.headers), how.body ?? null) : fetch(resource, how);
    },
  });
  HTMLAnchorElement.prototype.click = function () {
    if (!this.hasAttribute("download") || !findPath(this.href)) return click.call(this);
    ask("GET", this.href, new Headers(), null).then(async (response) => {
      const link = document.createElement("a");
      const name = /filename\*?=(?:UTF-8'')?"?([^";]+)/i.exec(response.headers.get("content-disposition") ?? "");
      link.href = URL.createObjectURL(await response.blob());
      link.download = this.download || (name ? decodeURIComponent(name[1]) : "");
      click.call(link);
    });
  };
})();
