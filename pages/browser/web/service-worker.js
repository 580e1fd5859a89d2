// Keeps the whole site in the browser: later visits start from there, with a network or without. Before this text the
// builder writes VERSION, a hash of all files, and FILES, their paths. A new version waits until no tab has the old one.

/** @type {any} */
const scope = self;
const cacheName = `mlpscope ${VERSION}`;
const base = new URL("./", location.href);

scope.addEventListener("install", (/** @type {any} */ event) => {
  event.waitUntil(caches.open(cacheName).then((cache) => cache.addAll(FILES.map((file) => new Request(new URL(file, base), { cache: "no-cache" })))));
});

scope.addEventListener("activate", (/** @type {any} */ event) => {
  const forgetOthers = caches.keys().then((names) => Promise.all(names.filter((each) => each.startsWith("mlpscope ") && each !== cacheName).map((each) => caches.delete(each))));
  event.waitUntil(forgetOthers.then(() => scope.clients.claim()));
});

/** @param {Request} request */
async function answer(request) {
  const url = new URL(request.url);
  const path = url.pathname.slice(base.pathname.length);
  if (FILES.includes(`${path}/index.html`)) return Response.redirect(`${base.href}${path}/${url.search}`);
  const file = path === "" || path.endsWith("/") ? `${path}index.html` : path;
  const found = FILES.includes(file) && (await (await caches.open(cacheName)).match(new URL(file, base)));
  return found || fetch(request);
}

// WebAssembly is left to the browser: what it compiled of an answer it keeps only where the answer is from its own cache.
scope.addEventListener("fetch", (/** @type {any} */ event) => {
  const { method, url } = event.request;
  if (method === "GET" && url.startsWith(base.href) && !url.endsWith(".wasm")) event.respondWith(answer(event.request));
});
