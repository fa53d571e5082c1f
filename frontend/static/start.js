// The first code of the page: the reader's colours before anything is painted, then the dashboard.
"use strict";
(() => {
  try {
    const theme = localStorage.getItem("larder-theme");
    if (theme === "light" || theme === "dark") document.documentElement.dataset.theme = theme;
  } catch {
    // Storage is forbidden: the system's colours then.
  }
  const { src, dataset: { js, wasm } } = document.currentScript;
  // The programs that are loaded when they are wanted, each once for all who want it; after a failure it is tried again.
  const programs = {};
  // Each has a style sheet of its own.
  const style = (name) => new Promise((resolve, reject) => {
    const sheet = Object.assign(document.createElement("link"), { rel: "stylesheet", href: new URL(`larder-${name}.css`, src) });
    sheet.onload = resolve;
    sheet.onerror = () => (sheet.remove(), reject(new Error(`the style of ${name} did not load`)));
    document.head.append(sheet);
  });
  const load = async (name) => {
    const isStyled = style(name);
    const module = await import(new URL(`larder-${name}.js`, src));
    await Promise.all([module.default({ module_or_path: new URL(`larder-${name}_bg.wasm`, src) }), isStyled]);
    return module;
  };
  globalThis.larderProgram = (name) => {
    programs[name] ??= load(name);
    programs[name].catch(() => delete programs[name]);
    return programs[name];
  };
  const isParsed = new Promise((resolve) => addEventListener("DOMContentLoaded", resolve, { once: true }));
  const start = async () => {
    const module = await import(js);
    await isParsed;
    await module.default({ module_or_path: wasm });
  };
  // What was seen stays when the network is gone. Copies are made once the page has what it needs itself.
  const keep = () => navigator.serviceWorker?.register(new URL("service-worker.js", src)).catch((error) => console.warn(error));
  addEventListener("load", () => setTimeout(keep, 5000), { once: true });
  start().catch(async (error) => {
    console.error(error);
    await isParsed;
    const note = document.getElementById("start-note");
    if (note) note.hidden = false;
  });
})();
