// Frames and messages from browsers, whole, in pieces, and made to be misread. Run by test_inputs_proxy.py.

import assert from "node:assert/strict";
import test from "node:test";
import { createHash } from "node:crypto";
import { asking, frame, v1 } from "./browser.mjs";

const { FrameReader, FrameError, closing } = await import(process.env.PROXY + "/frames.mjs");
const { KEPT_BYTES, entryOf, digest } = await import(process.env.PROXY + "/messages.mjs");

// A small generator of its own, so that a failure can be had again.
function dice(seed) {
  return (below) => {
    seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0;
    return Math.floor((seed / 2 ** 32) * below);
  };
}

function collector() {
  const messages = [];
  return {
    messages,
    begin: (binary) => messages.push({ binary, chunks: [], done: false }),
    data: (bytes) => messages.at(-1).chunks.push(bytes),
    end: () => (messages.at(-1).done = true),
    read: () => messages.filter((m) => m.done).map((m) => [m.binary, Buffer.concat(m.chunks).toString("latin1")]),
  };
}

function legacyBinary(document, ...buffers) {
  const parts = [Buffer.from(JSON.stringify(document)), ...buffers];
  const head = Buffer.alloc(4 * (parts.length + 1));
  head.writeInt32BE(parts.length, 0);
  let at = head.length;
  parts.forEach((part, i) => {
    head.writeUInt32BE(at, 4 * (i + 1));
    at += part.length;
  });
  return Buffer.concat([head, ...parts]);
}


test("messages are the same however they are cut, in fragments and in pieces, with pings between", () => {
  for (let seed = 1; seed <= 300; seed++) {
    const draw = dice(seed);
    const sent = [];
    const stream = [];
    for (let n = draw(4) + 1; n > 0; n--) {
      const binary = draw(2) === 1;
      const size = [draw(10), 120 + draw(12), 65530 + draw(12)][draw(3)];
      const body = Buffer.from(Array.from({ length: size }, () => draw(256)));
      sent.push([binary, body.toString("latin1")]);
      const pieces = [];
      for (let at = 0; at < size; ) {
        const take = 1 + draw(size);
        pieces.push(body.subarray(at, at + take));
        at += take;
      }
      if (!pieces.length || draw(3) === 0) pieces.push(Buffer.alloc(0));
      pieces.forEach((piece, i) => {
        const mask = [draw(256), draw(256), draw(256), draw(256)];
        const opcode = i ? 0 : binary ? 2 : 1;
        stream.push(frame(opcode, piece, { final: i === pieces.length - 1, mask }));
        if (draw(2)) stream.push(frame(9 + draw(2), Buffer.from("ping")));
      });
    }
    const bytes = Buffer.concat(stream);
    const sink = collector();
    const reader = new FrameReader(sink);
    for (let at = 0; at < bytes.length; ) {
      const take = 1 + draw(draw(2) ? 7 : 70000);
      reader.feed(bytes.subarray(at, at + take));
      at += take;
    }
    assert.deepEqual(sink.read(), sent, `seed ${seed}`);
  }
});

test("what no client may send ends the connection", () => {
  const bad = {
    "compressed though nothing was agreed": frame(1, Buffer.from("x"), { rsv: 4 }),
    "not masked": frame(1, Buffer.from("x"), { masked: false }),
    "of no known kind": frame(3, Buffer.from("x")),
    "control of no known kind": frame(11, Buffer.from("x")),
    "continuing nothing": frame(0, Buffer.from("x")),
    "a message within a message": Buffer.concat([frame(1, Buffer.from("x"), { final: false }), frame(1, Buffer.from("y"))]),
    "a ping in parts": frame(9, Buffer.from("x"), { final: false }),
    "a long ping": frame(9, Buffer.alloc(126)),
    "longer than there are bytes": Buffer.from([0x82, 0xff, 255, 255, 255, 255, 255, 255, 255, 255, 0, 0, 0, 0]),
  };
  for (const [name, bytes] of Object.entries(bad)) {
    assert.throws(() => new FrameReader(collector()).feed(bytes), FrameError, name);
  }
});

test("what comes after a close is not read, because no server reads it", () => {
  const sink = collector();
  const reader = new FrameReader(sink);
  reader.feed(Buffer.concat([frame(1, Buffer.from("a")), frame(8, Buffer.from([3, 232])), frame(1, Buffer.from("b"))]));
  assert.deepEqual(sink.read(), [[false, "a"]]);
});

test("a close frame says its code and reason", () => {
  assert.deepEqual([...closing(1011, "no")], [0x88, 4, 0x03, 0xf3, 0x6e, 0x6f]);
});

test("code is read from every way of writing a message", () => {
  const code = "df.groupby('región').size()  # ✓";
  for (const [binary, bytes] of [
    [false, Buffer.from(JSON.stringify({ ...asking(code), channel: "shell" }))],
    [true, legacyBinary(asking(code))],
    [true, legacyBinary(asking(code), Buffer.from("more"), Buffer.alloc(0))],
    [true, v1(asking(code))],
    [true, v1(asking(code), "control", Buffer.from("more"))],
  ]) {
    const entry = entryOf(binary, bytes);
    const whole = Buffer.from(code);
    assert.deepEqual(entry, { kind: "execute", text: code, bytes: whole.length, sha256: digest(whole), cut: false });
  }
});

test("expressions that are run after the code are kept with it, and what is silent is kept", () => {
  const entry = entryOf(false, Buffer.from(JSON.stringify(asking("", { silent: true, user_expressions: { a: "leak()" } }))));
  assert.equal(entry.text, "\nleak()");
});

test("answers, widgets, debuggers and unknown kinds are kept; what runs nothing is not", () => {
  const of = (kind, content) => entryOf(false, Buffer.from(JSON.stringify({ header: { msg_type: kind }, content })));
  assert.equal(of("input_reply", { value: "yes" }).kind, "answer");
  assert.equal(of("input_reply", { value: "yes" }).text, "yes");
  assert.equal(of("comm_msg", { data: { value: 3 } }).kind, "comm");
  assert.equal(of("debug_request", { command: "evaluate", arguments: { expression: "x" } }).kind, "debug");
  assert.match(of("debug_request", { command: "evaluate", arguments: { expression: "x" } }).text, /"expression":"x"/);
  assert.equal(of("debug_request", { command: "debugInfo" }), null);
  assert.equal(of("run_this_please", { code: "x" }).kind, "other");
  for (const kind of ["complete_request", "kernel_info_request", "inspect_request"]) assert.equal(of(kind, {}), null);
});

test("what cannot be read is kept as it is, with its digest", () => {
  const cases = [
    [false, Buffer.from('{"header": {"msg_type": "execute_request"}, "content": {"code": "x", "n": NaN}}')],
    [false, Buffer.from([0xff, 0xfe])],
    [false, Buffer.from("[]")],
    [false, Buffer.from("null")],
    [false, Buffer.from('{"header": {"msg_type": 1}, "content": {}}')],
    [true, Buffer.alloc(0)],
    [true, Buffer.from([255, 255, 255, 255])],
    [true, Buffer.concat([Buffer.from([6, 0, 0, 0, 0, 0, 0, 0]), Buffer.alloc(48, 255)])],
    [true, Buffer.from([0, 0, 0, 1, 0, 0, 0, 8, 0x7b])],
  ];
  for (const [binary, bytes] of cases) {
    const entry = entryOf(binary, bytes);
    assert.equal(entry.kind, "unreadable");
    assert.equal(entry.sha256, createHash("sha256").update(bytes).digest("hex"));
    assert.equal(entry.bytes, bytes.length);
  }
});

test("no bytes crash the reader or pass for nothing", () => {
  for (let seed = 1; seed <= 3000; seed++) {
    const draw = dice(seed);
    const good = [legacyBinary(asking("x = 1")), v1(asking("x = 1")), Buffer.from(JSON.stringify(asking("x = 1")))];
    const bytes = Buffer.from(good[seed % 3]);
    for (let n = draw(4); n > 0; n--) bytes[draw(bytes.length)] = draw(256);
    const entry = entryOf(seed % 3 !== 2, bytes.subarray(0, bytes.length - draw(3) * draw(20)));
    assert.ok(entry && entry.kind && entry.text !== undefined);
    assert.equal(entry.text.isWellFormed(), true);
  }
});

test("a long text is cut at a character, and its length and digest are those of all of it", () => {
  const code = "é".repeat(KEPT_BYTES);
  const entry = entryOf(true, v1(asking("a" + code)));
  assert.equal(entry.cut, true);
  assert.ok(Buffer.byteLength(entry.text) <= KEPT_BYTES && Buffer.byteLength(entry.text) > KEPT_BYTES - 3);
  assert.ok(!entry.text.includes("\ufffd"));
  assert.equal(entry.bytes, 2 * KEPT_BYTES + 1);
  assert.equal(entry.sha256, digest(Buffer.from("a" + code)));
});

test("half a character of JSON is no half a character here", () => {
  const entry = entryOf(false, Buffer.from('{"header":{"msg_type":"execute_request"},"content":{"code":"a\\ud800b"}}'));
  assert.equal(entry.text, "a\ufffdb");
});
