// What becomes of what was heard: recorded in its order, or the connection is closed. Run by test_inputs_proxy.py.

import assert from "node:assert/strict";
import http from "node:http";
import test from "node:test";
import { asking, frame, v1 } from "./browser.mjs";

const { KEPT_BYTES, READ_BYTES, digest } = await import(process.env.PROXY + "/messages.mjs");
const { RoomInputs, WAITING_BYTES, placeOf, sender } = await import(process.env.PROXY + "/recording.mjs");
const { kernelOf, Watch } = await import(process.env.PROXY + "/watching.mjs");

test("the kernel is read from the address, however it is written", () => {
  const id = "0b1c2d3e-aaaa-bbbb-cccc-0123456789ab";
  assert.equal(kernelOf(`/user/ana/alpha/api/kernels/${id}/channels?session_id=x`), id);
  assert.equal(kernelOf(`/user/ana/alpha/api/kernels/${id}%2Fchannels`), id);
  assert.equal(kernelOf(`/user/ana/alpha%2Fapi/kernels/${id}/channels`), id);
  assert.equal(kernelOf("/user/ana/alpha/api/events/subscribe"), "");
  assert.equal(kernelOf("/user/ana/alpha/%E0%A4%A/api/kernels/x/channels"), "x");
});

const turn = () => new Promise((resolve) => setTimeout(resolve, 5));
const entry = (text) => ({ kernel: "", kind: "execute", text, bytes: text.length, sha256: "", cut: false });

test("everything is recorded in its order, in batches, once", async () => {
  const sent = [];
  const room = new RoomInputs({ person: "ana", project: "alpha" }, async (batch) => { await turn(); sent.push(batch); }, () => {});
  for (let n = 0; n < 50; n++) room.add(entry(String(n)));
  while (room.sending) await turn();
  assert.deepEqual(sent.flatMap((b) => b.entries.map((e) => e.text)), Array.from({ length: 50 }, (_, n) => String(n)));
  assert.ok(sent.every((b) => b.person === "ana" && b.project === "alpha"));
  assert.equal(room.bytes, 0);
});

test("however much comes at once, no batch is more than the recorder takes", async () => {
  const sent = [];
  const room = new RoomInputs({ person: "ana", project: "alpha" }, async (batch) => sent.push(batch.entries), () => {});
  for (let n = 0; n < 3000; n++) room.add(entry(""));
  for (let n = 0; n < 40; n++) room.add(entry("x".repeat(KEPT_BYTES)));
  while (room.sending) await turn();
  assert.equal(sent.flat().length, 3040);
  assert.ok(sent.every((batch) => batch.length <= 256));
  assert.ok(sent.every((batch) => batch.reduce((sum, one) => sum + one.text.length, 0) <= WAITING_BYTES));
});

test("a recorder that fails closes the connections, opens none, loses nothing, and is found again", async () => {
  let works = false;
  const sent = [], closed = [], said = [];
  const send = async (batch) => { if (!works) throw new Error("gone"); sent.push(...batch.entries); };
  const room = new RoomInputs({ person: "ana", project: "alpha" }, send, (...about) => said.push(about.join()));
  room.connections.add({ close: (code, reason) => closed.push([code, reason]), resume: () => {} });
  assert.equal(await room.ready(), false);
  room.add(entry("secret_value = 1"));
  await turn();
  assert.equal(closed[0][0], 1011);
  assert.equal(await room.ready(), false);
  assert.ok(!said.join().includes("secret"));
  works = true;
  while (room.sending) await turn();
  assert.deepEqual(sent.map((e) => e.text), ["secret_value = 1"]);
  assert.equal(await room.ready(), true);
});

test("a flood makes its browser wait, and goes on when the recorder has caught up", async () => {
  let release;
  const gate = new Promise((resolve) => (release = resolve));
  const room = new RoomInputs({ person: "ana", project: "alpha" }, () => gate, () => {});
  const socket = { on() {}, end() {}, destroyed: false };
  const passed = [];
  let drained = 0;
  const upstream = {
    writableNeedDrain: false,
    write: (chunk) => passed.push(chunk) > 0,
    on() {}, unpipe() {}, destroy() {},
    emit: () => drained++,
  };
  new Watch(room, "", socket).attach(upstream);
  const bytes = frame(2, v1(asking("x".repeat(60000))));
  let wrote = 0;
  while (upstream.write(bytes) && wrote < 1000) wrote++;
  assert.ok(wrote < 30, "it never has to wait");
  assert.ok(room.bytes <= WAITING_BYTES + 70000);
  release();
  while (room.sending) await turn();
  assert.ok(drained > 0);
  assert.equal(upstream.write(bytes), true);
});

test("a room that sends more than its pace waits", async () => {
  const sent = [];
  const pace = { each: 10_000, most: 1000 };
  const room = new RoomInputs({ person: "a", project: "b" }, async (batch) => sent.push(batch), () => {}, pace);
  const before = Date.now();
  for (let n = 0; n < 10; n++) room.add(entry("x".repeat(100)));
  while (room.sending) await turn();
  assert.ok(Date.now() - before > 150);
});

test("a message too long to be read is kept by its beginning, its length and its digest", () => {
  const heard = [];
  const room = { add: (one) => heard.push(one), connections: new Set(), unfinished: 0, full: false };
  const watch = new Watch(room, "k", { on() {}, end() {} });
  const upstream = { write: () => true, on() {}, unpipe() {}, destroy() {} };
  watch.attach(upstream);
  const body = Buffer.alloc(READ_BYTES + 1000, 97);
  const bytes = frame(1, body);
  for (let at = 0; at < bytes.length; at += 65536) upstream.write(bytes.subarray(at, at + 65536));
  assert.equal(heard.length, 1);
  assert.deepEqual(
    { ...heard[0], text: heard[0].text.length },
    { kernel: "k", kind: "unreadable", text: KEPT_BYTES, bytes: body.length, sha256: digest(body), cut: true },
  );
  assert.equal(room.unfinished, 0);
});

test("messages that are never finished are not collected without end", () => {
  const closed = [];
  const room = { add() {}, connections: new Set(), unfinished: 0, full: false };
  const socket = { on() {}, end: (frame) => closed.push(frame.readUInt16BE(2)) };
  const upstream = { write: () => true, on() {}, unpipe() {}, destroy() {} };
  new Watch(room, "k", socket).attach(upstream);
  const first = frame(1, Buffer.from("x"), { final: false });
  const piece = Buffer.concat(Array.from({ length: 5000 }, () => frame(0, Buffer.from("x"), { final: false })));
  upstream.write(first);
  for (let n = 0; n < 100 && !closed.length; n++) upstream.write(piece);
  assert.deepEqual(closed, [1009]);
  assert.equal(room.unfinished, 0);
});

test("what no client may send is not passed on, and is kept", () => {
  const heard = [], passed = [], closed = [];
  const room = { add: (one) => heard.push(one), connections: new Set(), unfinished: 0, full: false };
  const socket = { on() {}, end: (frame) => closed.push(frame.readUInt16BE(2)) };
  const upstream = { write: (chunk) => passed.push(chunk), on() {}, unpipe() {}, destroy() {} };
  new Watch(room, "k", socket).attach(upstream);
  assert.equal(upstream.write(frame(1, Buffer.from("squeezed"), { rsv: 4 })), false);
  assert.equal(upstream.write(frame(1, Buffer.from("{}"))), false);
  assert.deepEqual([passed.length, closed, heard.map((one) => one.kind)], [0, [1002], ["unreadable"]]);
});

const SECRET = "s".repeat(64);

test("a recorder is a socket, or an address with a secret", () => {
  assert.deepEqual(placeOf("/run/recorder.sock"), { options: { socketPath: "/run/recorder.sock" }, headers: {} });
  assert.deepEqual(placeOf("http://airlock:8002", SECRET), {
    options: { host: "airlock", port: "8002" },
    headers: { authorization: `Bearer ${SECRET}` },
  });
  assert.equal(placeOf("http://[fd00::1]:8002", SECRET).options.host, "fd00::1");
  for (const wrong of [undefined, "", "off", "recorder.sock", "http://airlock", "https://airlock:8002", "http://airlock:8002/x"])
    assert.equal(placeOf(wrong, SECRET), null, wrong);
  assert.equal(placeOf("http://airlock:8002", "s".repeat(31)), null);
  assert.equal(placeOf("http://airlock:8002"), null);
});

test("over an address nothing but 204 means that inputs are kept", async () => {
  const asked = [];
  let status = 204;
  const server = http.createServer((request, response) => {
    let text = "";
    request.on("data", (bytes) => (text += bytes));
    request.on("end", () => {
      asked.push([request.method, request.url, request.headers.authorization, JSON.parse(text)]);
      response.writeHead(status).end();
    });
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  const send = sender(placeOf(`http://127.0.0.1:${server.address().port}`, SECRET));
  await send({ entries: [] });
  assert.deepEqual(asked, [["POST", "/inputs", `Bearer ${SECRET}`, { entries: [] }]]);
  for (status of [200, 301, 401, 404, 422, 500, 503])
    await assert.rejects(send({ entries: [] }), (error) => !error.message.includes(SECRET), String(status));
  await new Promise((resolve) => server.close(resolve));
  await assert.rejects(send({ entries: [] }));
});
