// The first code of the page: the reader's colours before anything is painted, then the dashboard.
"use strict";
(() => {
  try {
    const theme = localStorage.getItem("larder-theme");
    if (theme === "light" || theme === "dark") document.documentElement.dataset.theme = theme;
  } catch {
    // Storage is forbidden: the system's colours then.
  }
  const { js, wasm } = document.currentScript.dataset;
  // The program about builds, once for all who want it; after a failure it is tried again.
  let reports;
  globalThis.larderReports = () => {
    reports ??= import("/larder-reports.js").then(async (module) => {
      await module.default({ module_or_path: "/larder-reports_bg.wasm" });
      return module;
    });
    reports.catch(() => (reports = undefined));
    return reports;
  };
  const isParsed = new Promise((resolve) => addEventListener("DOMContentLoaded", resolve, { once: true }));
  const start = async () => {
    const module = await import(js);
    await isParsed;
    await module.default({ module_or_path: wasm });
  };
  start().catch(async (error) => {
    console.error(error);
    await isParsed;
    const note = document.getElementById("start-note");
    if (note) note.hidden = false;
  });
})();
