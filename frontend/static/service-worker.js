// Keeps the dashboard when the network is gone: its own files, and what the API answered last. The copies of catalogues
// are the finder's own. The build fills in the two lines below.
"use strict";
const version = "@version";
const files = ["@files"];

const shell = `larder-shell-${version}`;
const answers = "larder-answers-1";
/** Answers that are kept, and the bytes one may have. */
const most = 200;
const mostBytes = 1_000_000;

addEventListener("install", (event) => {
  // `no-cache` asks whether the browser's own copy is the newest, so that no file of an older dashboard gets in.
  const requests = files.map((file) => new Request(file, { cache: "no-cache" }));
  event.waitUntil(caches.open(shell).then((cache) => cache.addAll(requests)).then(() => skipWaiting()));
});

addEventListener("activate", (event) => {
  const forget = async () => {
    const old = (await caches.keys()).filter((name) => name.startsWith("larder-shell-") && name !== shell);
    await Promise.all(old.map((name) => caches.delete(name)));
    await clients.claim();
  };
  event.waitUntil(forget());
});

addEventListener("fetch", (event) => {
  const { request } = event;
  const url = new URL(request.url);
  const scope = new URL(registration.scope);
  if (request.method !== "GET" || url.origin !== scope.origin || !url.pathname.startsWith(scope.pathname)) return;
  const path = url.pathname.slice(scope.pathname.length);
  if (request.mode === "navigate") event.respondWith(page(request, path));
  else if (path.startsWith("api/v1/") && !path.includes("/catalogue") && !request.headers.has("range")) event.respondWith(answer(request));
  else if (/^[\w.-]+$/.test(path)) event.respondWith(file(request));
});

/** Whether a path is Spack's or the API's, which is no page. */
const isServers = (path) => /^(?:api|mirrors|v2|auth|cdash)(?:\/|$)/.test(path);

/** A page: from the network, without one the dashboard as it was kept. */
async function page(request, path) {
  try {
    return await fetch(request);
  } catch (error) {
    const kept = isServers(path) ? undefined : await caches.match("./", { cacheName: shell });
    if (kept) return kept;
    throw error;
  }
}

/** A file of the dashboard: one whose name holds its digest from the copy, others only without a network. */
async function file(request) {
  const kept = await caches.match(request, { cacheName: shell });
  if (kept && /-[0-9a-f]{16}[._]/.test(request.url)) return kept;
  try {
    const fresh = await fetch(request);
    if (fresh.ok && !kept) keep(shell, request, fresh.clone());
    return fresh;
  } catch (error) {
    if (kept) return kept;
    throw error;
  }
}

/** What the API says: from the network, without one what it said last. What may not be stored is not. */
async function answer(request) {
  try {
    const fresh = await fetch(request);
    if ([401, 403, 404].includes(fresh.status)) caches.open(answers).then((cache) => cache.delete(request));
    if (fresh.status === 200 && isKept(request, fresh)) keep(answers, request, fresh.clone());
    return fresh;
  } catch (error) {
    const kept = await caches.match(request, { cacheName: answers });
    if (kept) return kept;
    throw error;
  }
}

function isKept(request, { headers }) {
  const isSmall = Number(headers.get("content-length") ?? 0) <= mostBytes;
  return isSmall && !request.headers.has("authorization") && !/no-store/.test(headers.get("cache-control") ?? "");
}

/** Keeps a copy, and drops the oldest when there are too many. Storage that is full is no harm. */
async function keep(name, request, response) {
  try {
    const cache = await caches.open(name);
    await cache.delete(request);
    await cache.put(request, response);
    if (name === answers) await Promise.all((await cache.keys()).slice(0, -most).map((old) => cache.delete(old)));
  } catch (error) {
    console.warn("Nothing was kept for offline reading:", error);
  }
}
