// Security keys: asks the browser for one, and sends what it answers with the form that asked.
"use strict";

const bytes = (text) => Uint8Array.from(atob(text.replace(/-/g, "+").replace(/_/g, "/")), (c) => c.charCodeAt(0));
const text = (buffer) =>
  btoa(String.fromCharCode(...new Uint8Array(buffer))).replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");

const FAILED = "The security key did not answer, or you stopped it. Nothing has changed; try again.";
const STALE = "This page is too old. Reload it, and begin again.";
const HERE_ALREADY = "This security key is registered already.";

/** Say why keys cannot be used in this browser at this address; nothing when they can. */
function whyNot(origin) {
  if (location.origin !== origin) return `Security keys work at ${origin} only, and this page is at ${location.origin}.`;
  if (!window.isSecureContext || !window.PublicKeyCredential) return "This browser has no security keys here.";
  return "";
}

async function asked(address, fields) {
  const headers = { "X-XSRFToken": document.body.dataset.xsrf };
  const answer = await fetch(address, { method: "POST", headers, body: new URLSearchParams(fields) });
  // Only what is meant for this script comes as JSON; a page says that the sign-in is over, or too long ago.
  const json = (answer.headers.get("Content-Type") || "").startsWith("application/json");
  const said = json ? await answer.json() : { message: STALE };
  if (!answer.ok || !json) throw new Error(said.message);
  return said;
}

async function signed(options) {
  const found = await navigator.credentials.get({
    publicKey: { ...options, challenge: bytes(options.challenge), allowCredentials: [] },
  });
  const { clientDataJSON, authenticatorData, signature, userHandle } = found.response;
  return {
    id: found.id,
    rawId: text(found.rawId),
    type: found.type,
    response: {
      clientDataJSON: text(clientDataJSON),
      authenticatorData: text(authenticatorData),
      signature: text(signature),
      userHandle: userHandle ? text(userHandle) : null,
    },
  };
}

async function made(options) {
  const known = (options.excludeCredentials || []).map((one) => ({ ...one, id: bytes(one.id) }));
  const user = { ...options.user, id: bytes(options.user.id) };
  const found = await navigator.credentials.create({
    publicKey: { ...options, user, challenge: bytes(options.challenge), excludeCredentials: known },
  });
  const { clientDataJSON, attestationObject } = found.response;
  return {
    id: found.id,
    rawId: text(found.rawId),
    type: found.type,
    response: { clientDataJSON: text(clientDataJSON), attestationObject: text(attestationObject) },
  };
}

/** Run a form's button: challenge, key, and the form with what the key said. */
async function run(form, button, news) {
  const needed = [...form.querySelectorAll("[data-with-key]")];
  if (!needed.every((field) => field.reportValidity())) return;
  button.disabled = true;
  news.hidden = true;
  try {
    const fields = Object.fromEntries(needed.map((field) => [field.name, field.value]));
    delete fields.password;
    const creating = button.dataset.key === "create";
    const options = await asked(button.dataset.ask, creating ? { deed: "options" } : fields);
    const answer = creating ? await made(options) : await signed(options);
    form.elements.namedItem("key").value = JSON.stringify(answer);
    form.submit();
  } catch (error) {
    news.textContent =
      error.name === "InvalidStateError" ? HERE_ALREADY : error instanceof DOMException ? FAILED : error.message;
    news.hidden = false;
    news.focus();
    button.disabled = false;
  }
}

for (const one of document.querySelectorAll("[data-without-script]")) one.hidden = true;

for (const button of document.querySelectorAll("button[data-key]")) {
  const form = button.form;
  const part = button.closest("[data-origin]");
  const news = part.querySelector("[data-news]");
  const reason = whyNot(part.dataset.origin);
  part.hidden = false;
  if (reason) {
    button.disabled = true;
    button.setAttribute("aria-describedby", news.id);
    news.textContent = reason;
    news.hidden = false;
    news.classList.replace("fail", "wait");
    news.removeAttribute("role");
  }
  button.addEventListener("click", () => run(form, button, news));
}
