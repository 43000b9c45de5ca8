// Hands what people have their kernels run to the recorder, a process outside the rooms, and knows whether it got it.
//
// Code is passed on to the room at once and recorded meanwhile. What is not recorded within seconds closes the room's
// connections to its kernels, and none is opened again before everything has been recorded.

import http from "node:http";
import path from "node:path";

const ANSWER_MS = 15_000;
const AGAIN_MS = 1000;
/** Most bytes of one room that may wait to be recorded; then the browser has to wait. */
export const WAITING_BYTES = 1024 * 1024;
/** Most bytes of a room's unfinished messages. */
export const UNFINISHED_BYTES = 48 * 1024 * 1024;
const WAITING_ENTRIES = 256;
/** What a room may have recorded in the long run, bytes a second, and at once. */
export const PACE = { each: 64 * 1024, most: 8 * 1024 * 1024 };
// Every entry costs something, however short its text is.
const ENTRY_BYTES = 256;

const SECRET_LENGTH = 32;

/**
 * Return where the recorder is: a socket's path, or in a cluster `http://HOST:PORT` with a secret that rooms do not
 * know; null where it is neither.
 */
export function placeOf(recorder, secret) {
  if (path.isAbsolute(recorder ?? "")) return { options: { socketPath: recorder }, headers: {} };
  const parts = URL.canParse(recorder ?? "") ? new URL(recorder) : null;
  if (parts?.protocol !== "http:" || !parts.port || parts.pathname !== "/" || parts.search) return null;
  if ((secret ?? "").length < SECRET_LENGTH) return null;
  // An address of the sixth kind has brackets in a URL, and none where it is connected to.
  const host = parts.hostname.replace(/^\[|\]$/g, "");
  return { options: { host, port: parts.port }, headers: { authorization: `Bearer ${secret}` } };
}

/** Return what sends a document to the recorder at `place`. */
export function sender(place) {
  return (document) =>
    new Promise((resolve, reject) => {
      const body = Buffer.from(JSON.stringify(document));
      const headers = { ...place.headers, "content-type": "application/json", "content-length": body.length };
      // A connection each: one that was kept could be closed by the recorder just as it is used again.
      const options = { ...place.options, path: "/inputs", method: "POST", headers, timeout: ANSWER_MS, agent: false };
      const asked = http.request(options);
      asked.on("response", (answer) => {
        answer.resume();
        answer.on("error", reject);
        answer.on("end", () =>
          answer.statusCode === 204 ? resolve() : reject(new Error(`status ${answer.statusCode}`)),
        );
      });
      asked.on("timeout", () => asked.destroy(new Error("no answer in time")));
      asked.on("error", reject);
      asked.end(body);
    });
}

/** What of one room waits to be recorded. */
export class RoomInputs {
  /**
   * @param {object} about person and project, from the route
   * @param {Function} send hands a document to the recorder; resolves when it is kept
   * @param {Function} log told of failures, never of what was to be recorded
   */
  constructor(about, send, log, pace = PACE) {
    Object.assign(this, { about, send, log, pace });
    this.waiting = [];
    this.bytes = 0;
    this.unfinished = 0;
    this.connections = new Set();
    this.failed = false;
    this.sending = null;
    this.allowance = pace.most;
    this.since = Date.now();
  }

  /** Return whether connections may be opened: the recorder answers, and nothing is left from before. */
  async ready() {
    if (this.failed) return false;
    if (this.waiting.length) return true;
    try {
      await this.send({ ...this.about, entries: [] });
      return !this.failed;
    } catch (error) {
      this.log(this.about, error);
      return false;
    }
  }

  add(entry) {
    this.waiting.push(entry);
    this.bytes += size(entry);
    this.sending ??= this.#flush();
  }

  /** Whether the browser has to wait. */
  get full() {
    return this.bytes > WAITING_BYTES || this.waiting.length > WAITING_ENTRIES;
  }

  async #flush() {
    while (this.waiting.length) {
      const batch = this.#batch();
      try {
        await this.#paced(batch.reduce((sum, entry) => sum + size(entry), 0));
        await this.send({ ...this.about, entries: batch });
      } catch (error) {
        this.#fail(error);
        await pause(AGAIN_MS);
        continue;
      }
      this.waiting.splice(0, batch.length);
      for (const entry of batch) this.bytes -= size(entry);
      if (!this.full) for (const one of this.connections) one.resume();
    }
    this.failed = false;
    this.sending = null;
  }

  #batch() {
    let bytes = 0;
    // Never more than the recorder takes: what it refused once it would refuse for ever.
    const end = this.waiting.findIndex((entry, i) => (bytes += size(entry)) > WAITING_BYTES || i === WAITING_ENTRIES);
    return this.waiting.slice(0, end < 0 ? undefined : Math.max(1, end));
  }

  #fail(error) {
    if (!this.failed) this.log(this.about, error);
    this.failed = true;
    for (const one of [...this.connections]) one.close(1011, "what you run cannot be recorded, so it is not run");
  }

  async #paced(bytes) {
    const now = Date.now();
    this.allowance = Math.min(this.pace.most, this.allowance + ((now - this.since) / 1000) * this.pace.each);
    this.since = now;
    this.allowance -= bytes;
    if (this.allowance < 0) await pause((-this.allowance / this.pace.each) * 1000);
  }
}

function size(entry) {
  return Buffer.byteLength(entry.text) + ENTRY_BYTES;
}

function pause(ms) {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
