// Keys of the desk: m, n, u and z press the button of that name. Without this file the page works all the same.
(() => {
  "use strict";
  const OFF = "saferoom-desk-keys-off";
  const box = document.getElementById("keys-on");
  if (!box) return;

  const remembered = () => {
    try { return localStorage.getItem(OFF) === "yes"; } catch { return false; }
  };
  box.checked = !remembered();
  box.addEventListener("change", () => {
    try { box.checked ? localStorage.removeItem(OFF) : localStorage.setItem(OFF, "yes"); } catch { /* not kept */ }
  });

  // One press, one decision: the page that comes next is about other people.
  let pressed = false;
  document.addEventListener("submit", (event) => {
    if (pressed) event.preventDefault();
    pressed = true;
  });
  window.addEventListener("pageshow", () => { pressed = false; });
  document.addEventListener("keydown", (event) => {
    const plain = !(event.ctrlKey || event.altKey || event.metaKey || event.shiftKey || event.isComposing || event.repeat);
    if (!plain || !box.checked || event.defaultPrevented || !/^[mnuz]$/.test(event.key)) return;
    const button = document.querySelector(`button[data-key="${event.key}"]`);
    if (!button || pressed) return;
    event.preventDefault();
    button.click();
  });
})();
