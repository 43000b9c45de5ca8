// Three things only: the Stop buttons, a home page that stays true, and the progress of a starting room.
"use strict";

document.addEventListener("click", async (event) => {
  const button = event.target.closest("button[data-stop]");
  if (!button) return;
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
  button.textContent = "Stop";
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
    if (news.message) words.textContent = news.message;
    if (news.ready || news.failed) source.close();
    if (news.ready) location.reload();
    if (news.failed) {
      bar.hidden = true;
      words.setAttribute("role", "alert");
    }
  });
}
