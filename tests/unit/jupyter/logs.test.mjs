// The proxy's log as documents. Run by test_inputs_proxy.py.

import assert from "node:assert/strict";
import { createRequire } from "node:module";
import { Writable } from "node:stream";
import test from "node:test";

const { asDocuments, line } = await import(process.env.PROXY + "/logs.mjs");
const winston = createRequire(process.env.MODULES + "/configurable-http-proxy/lib/log.js")("winston");

test("a line is one document, whatever is in it", () => {
  const found = JSON.parse(line("error", "a\nb \"c\" \u001b[31m"));
  assert.equal(found.event, "a\nb \"c\" \u001b[31m");
  assert.deepEqual(Object.keys(found), ["event", "level", "service", "timestamp"]);
  assert.ok(!line("error", "a\nb").includes("\n"));
});

test("what the proxy and its guard say is documents", () => {
  const written = [];
  const console = Object.fromEntries(["log", "info", "warn", "error"].map((n) => [n, (_, text) => written.push(text)]));
  const stream = new Writable({ write: (text, _, done) => { written.push(String(text)); done(); } });
  asDocuments(winston, console);
  const log = winston.createLogger({
    level: "info",
    format: winston.format.simple(),
    transports: [new winston.transports.Stream({ stream })],
  });
  log.info("Route added %s -> %s", "/a", "http://b");
  log.debug("not said");
  console.error("inputs of ana cannot be recorded: %s", "gone");
  const found = written.map((text) => JSON.parse(text));
  assert.deepEqual(
    found.map((one) => [one.level, one.service, one.event]),
    [
      ["info", "proxy", "Route added /a -> http://b"],
      ["error", "proxy", "inputs of ana cannot be recorded: gone"],
    ],
  );
});
