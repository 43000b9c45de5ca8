// What a browser's message to a kernel asks to be run. Pure functions, tested by themselves.
//
// Both ways of writing such messages are read as jupyter_server reads them, offsets beyond the end included. Which of
// the two was agreed upon is not asked: the room says it, and no bytes are both.

import { createHash } from "node:crypto";

/** Most bytes of a text that are kept; of the rest its length and its digest are. */
export const KEPT_BYTES = 64 * 1024;
/** Most bytes of a message that are read; what is longer is kept as not understood. */
export const READ_BYTES = 16 * 1024 * 1024;
const MOST_PARTS = 65536;

// Nothing of these is run, and nothing of them is what somebody chose to run.
const NOT_RUN = new Set([
  "comm_info_request",
  "complete_request",
  "connect_request",
  "history_request",
  "inspect_request",
  "interrupt_request",
  "is_complete_request",
  "kernel_info_request",
  "shutdown_request",
]);

/**
 * Return what is kept of a message, or null where nothing of it is run.
 * @param {boolean} binary how it was sent
 * @param {Buffer} bytes the message
 */
export function entryOf(binary, bytes) {
  let message;
  try {
    message = binary ? (partsV1(bytes) ?? legacy(bytes)) : JSON.parse(strict(bytes));
    const kind = message.header.msg_type;
    if (typeof kind !== "string") return unreadable(bytes);
    return NOT_RUN.has(kind) ? null : said(kind, message.content ?? {}) ?? null;
  } catch {
    return unreadable(bytes);
  }
}

/** Return what is kept of a message that cannot be read: its digest, its length, and how it begins. */
export function unreadable(bytes, length = bytes.length, sha256 = digest(bytes)) {
  const text = bytes.subarray(0, KEPT_BYTES).toString("utf8").toWellFormed();
  return { kind: "unreadable", text: fit(text), bytes: length, sha256, cut: length > KEPT_BYTES };
}

function said(kind, content) {
  if (kind === "execute_request") {
    // Expressions are run as well, after the code.
    const more = Object.values(content.user_expressions ?? {});
    return entry("execute", [content.code, ...more].map(words).join("\n"));
  }
  if (kind === "input_reply") return entry("answer", words(content.value));
  if (kind === "debug_request" && content.command === "debugInfo") return null;
  const known = kind.startsWith("comm_") ? "comm" : kind === "debug_request" ? "debug" : "other";
  return entry(known, `${kind} ${JSON.stringify(content)}`);
}

function words(value) {
  return typeof value === "string" ? value : (JSON.stringify(value) ?? "");
}

function entry(kind, text) {
  const whole = Buffer.from(text.toWellFormed());
  return {
    kind,
    text: fit(whole.toString("utf8")),
    bytes: whole.length,
    sha256: digest(whole),
    cut: whole.length > KEPT_BYTES,
  };
}

/** Return as much of `text` as may be kept, and no half of a character. */
function fit(text) {
  const whole = Buffer.from(text);
  if (whole.length <= KEPT_BYTES) return text;
  let end = KEPT_BYTES;
  while ((whole[end] & 0xc0) === 0x80) end--;
  return whole.subarray(0, end).toString("utf8");
}

export function digest(bytes) {
  return createHash("sha256").update(bytes).digest("hex");
}

function strict(bytes) {
  return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
}

/** Read `v1.kernel.websocket.jupyter.org`: how many offsets, the offsets, the channel, then the parts. */
function partsV1(bytes) {
  if (bytes.length < 8) return null;
  const count = bytes.readBigUInt64LE(0);
  if (count < 6n || count > BigInt(MOST_PARTS) || bytes.length < 8 * (Number(count) + 1)) return null;
  const offsets = Array.from({ length: Number(count) }, (_, i) => {
    const offset = bytes.readBigUInt64LE(8 * (i + 1));
    return offset > BigInt(bytes.length) ? bytes.length : Number(offset);
  });
  const part = (i) => JSON.parse(bytes.subarray(offsets[i], offsets[i + 1]).toString("utf8"));
  return { header: part(1), content: part(4) };
}

/** Read the older way: how many parts, their offsets, the message as JSON, then what it carries. */
function legacy(bytes) {
  const count = bytes.readInt32BE(0);
  if (count < 1 || count > MOST_PARTS) throw new RangeError("no message");
  const from = bytes.readUInt32BE(4);
  const to = count > 1 ? bytes.readUInt32BE(8) : bytes.length;
  return JSON.parse(strict(bytes.subarray(from, to)));
}
