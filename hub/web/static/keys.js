// Keys of the checking pages. They move the focus, and press nothing. Without this file the pages work all the same.
(() => {
  "use strict";
  const OFF = "saferoom-keys-off";
  const box = document.getElementById("keys-on");
  const help = document.getElementById("keys");
  if (!box || !help) return;

  const remembered = () => {
    try { return localStorage.getItem(OFF) === "yes"; } catch { return false; }
  };
  box.checked = !remembered();
  box.addEventListener("change", () => {
    try { box.checked ? localStorage.removeItem(OFF) : localStorage.setItem(OFF, "yes"); } catch { /* not kept */ }
  });

  const parts = () => [...document.querySelectorAll("[data-part]")];
  const current = () => {
    const inside = document.activeElement && document.activeElement.closest("[data-part]");
    return inside || parts().find((part) => part.getBoundingClientRect().bottom > 80) || null;
  };
  const go = (element) => {
    if (!element) return;
    const details = element.closest("details:not([open])");
    if (details) details.open = true;
    element.focus();
    element.scrollIntoView({ block: "nearest" });
  };
  const step = (by) => {
    const all = parts();
    const inside = document.activeElement && document.activeElement.closest("[data-part]");
    const at = all.indexOf(inside);
    const next = at < 0 ? (by > 0 ? 0 : all.length - 1) : Math.min(Math.max(at + by, 0), all.length - 1);
    const part = all[next];
    if (!part) return;
    go(part.querySelector("[data-focus]") || part);
    part.scrollIntoView({ block: "start" });
  };
  const within = (name) => {
    const part = current();
    go(part && part.querySelector(`[data-key="${name}"]`));
  };
  const acts = {
    "?": () => {
      help.open = !help.open;
      go(help.querySelector("summary"));
    },
    j: () => step(1),
    k: () => step(-1),
    a: () => within("a"),
    x: () => within("x"),
    c: () => within("c"),
    r: () => go(document.querySelector('[data-key="r"]')),
    q: () => {
      const back = document.querySelector('[data-key="q"]');
      if (back) back.click();
    },
  };
  const writes = (element) =>
    element instanceof HTMLElement && (element.isContentEditable || element.closest("input, textarea, select") !== null);

  document.addEventListener("keydown", (event) => {
    const plain = !(event.ctrlKey || event.altKey || event.metaKey || event.isComposing || event.repeat);
    const act = acts[event.key];
    if (!plain || !act || !box.checked || event.defaultPrevented || writes(event.target)) return;
    event.preventDefault();
    act();
  });
})();
