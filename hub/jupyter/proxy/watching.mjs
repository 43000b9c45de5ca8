// Watches one WebSocket connection from a browser to a room: every message on it is read and recorded.

import { createHash } from "node:crypto";
import { FrameReader, closing } from "./frames.mjs";
import { KEPT_BYTES, READ_BYTES, entryOf, unreadable } from "./messages.mjs";
import { UNFINISHED_BYTES } from "./recording.mjs";

const PIECE_BYTES = 128;

/** Return the kernel that a path names, as the room's server reads it; empty where it names none. */
export function kernelOf(url) {
  let path = new URL(url, "http://room").pathname;
  try {
    path = decodeURIComponent(path);
  } catch {
    // Left as it is.
  }
  return /\/api\/kernels\/([\w-]{1,64})\/channels$/.exec(path)?.[1] ?? "";
}

/** Collects one connection's messages. */
export class Watch {
  constructor(room, kernel, socket) {
    Object.assign(this, { room, kernel, socket });
    this.reader = new FrameReader(this);
    this.chunks = [];
    this.length = 0;
    this.held = 0;
  }

  /** Watch what goes to `upstream`, which is written to by nobody but the proxy's own pipe. */
  attach(upstream) {
    this.upstream = upstream;
    this.room.connections.add(this);
    const write = upstream.write.bind(upstream);
    upstream.write = (chunk, ...rest) => this.#seen(chunk) && write(chunk, ...rest) && !this.room.full;
    upstream.on("close", () => this.#forget());
    this.socket.on("close", () => this.#forget());
  }

  /** Let the browser go on. */
  resume() {
    if (!this.upstream.writableNeedDrain) this.upstream.emit("drain");
  }

  /** End the connection, with a reason that a browser shows to scripts. */
  close(code, reason) {
    this.#forget();
    this.closed = true;
    this.upstream?.unpipe(this.socket);
    if (!this.socket.destroyed) this.socket.end(closing(code, reason));
    this.upstream?.destroy();
  }

  #forget() {
    this.room.connections.delete(this);
    this.#hold(-this.held);
  }

  #hold(bytes) {
    this.held += bytes;
    this.room.unfinished += bytes;
  }

  /** Read what is about to be passed on; false when nothing of it may be. */
  #seen(chunk) {
    if (this.closed) return false;
    try {
      this.reader.feed(chunk);
    } catch (error) {
      // Recorded as well: somebody tried.
      this.#record(unreadable(Buffer.from(chunk)));
      this.close(1002, error.message);
      return false;
    }
    if (this.room.unfinished <= UNFINISHED_BYTES) return true;
    this.close(1009, "too much at once");
    return false;
  }

  // What the reader calls.

  begin(binary) {
    Object.assign(this, { binary, chunks: [], first: Buffer.alloc(0), length: 0, hash: createHash("sha256") });
  }

  data(bytes) {
    this.length += bytes.length;
    this.hash.update(bytes);
    if (this.length > READ_BYTES && this.chunks.length) this.#cut();
    if (this.length > READ_BYTES) return;
    this.chunks.push(bytes);
    // However small a piece is, it takes some room.
    this.#hold(bytes.length + PIECE_BYTES);
  }

  end() {
    const whole = this.length <= READ_BYTES;
    const bytes = whole ? Buffer.concat(this.chunks) : this.first;
    const entry = whole ? entryOf(this.binary, bytes) : unreadable(bytes, this.length, this.hash.digest("hex"));
    this.chunks = [];
    this.#hold(-this.held);
    if (entry) this.#record(entry);
  }

  /** Give up the middle of a message that is too long to be read: its beginning and its digest are kept. */
  #cut() {
    this.first = Buffer.concat(this.chunks).subarray(0, KEPT_BYTES);
    this.chunks = [];
    this.#hold(-this.held);
  }

  #record(entry) {
    this.room.add({ kernel: this.kernel, ...entry });
  }
}
