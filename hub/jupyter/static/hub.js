// Three things only: the Stop buttons, a home page that stays true, and the progress of a starting room.
"use strict";

document.addEventListener("click", async (event) => {
  const button = event.target.closest("button[data-stop]");
  if (!button) return;
  const words = button.textContent;
  button.disabled = true;
  button.textContent = "Stopping";
  const { api, xsrf } = document.body.dataset;
  let answer;
  try {
    answer = await fetch(api + button.dataset.stop, { method: "DELETE", headers: { "X-XSRFToken": xsrf } });
  } catch {
    answer = { ok: false };
  }
  if (answer.ok) {
    if (button.dataset.then) location.assign(button.dataset.then);
    else location.reload();
    return;
  }
  const news = document.getElementById("news");
  news.textContent = "The room could not be stopped. Reload the page and try again.";
  news.hidden = false;
  button.disabled = false;
  button.textContent = words;
});

// Rooms open in other tabs; whoever comes back sees how things are now.
if (document.querySelector(".room")) {
  document.addEventListener("visibilitychange", () => {
    if (!document.hidden) location.reload();
  });
}

const waiting = document.querySelector("[data-progress]");
if (waiting) {
  const bar = waiting.querySelector("progress");
  const words = document.getElementById("progress");
  const source = new EventSource(waiting.dataset.progress);
  source.addEventListener("message", (event) => {
    const news = JSON.parse(event.data);
    if (news.progress !== undefined) bar.value = news.progress;
    const said = (news.message ?? "").replace(/^Spawn failed:? */, "");
    // What was said before is said again; a screen reader reads only what is new.
    if (said && said !== words.textContent) words.textContent = said;
    if (news.ready || news.failed) source.close();
    if (news.ready) location.reload();
    // Whoever gives it up here is about to leave the page.
    if (news.failed && !waiting.querySelector("button[data-stop]:disabled")) notStarted(Boolean(said));
  });
  // The browser asks again by itself, but for an answer that there is nothing to tell: then the page is another one.
  source.addEventListener("error", () => {
    if (source.readyState === EventSource.CLOSED) setTimeout(() => location.reload(), 2000);
  });

  const notStarted = (why) => {
    const title = "The room could not be started";
    document.title = document.title.replace(/^[^·]*(?= ·)/, title);
    document.querySelector("h1").textContent = title;
    for (const one of waiting.querySelectorAll("[data-until-failed]")) one.hidden = true;
    waiting.querySelector("[data-again]").hidden = false;
    words.setAttribute("role", "alert");
    if (!why) words.textContent = "The start was given up, or ended without a reason. Start the room again to go on.";
  };
}
