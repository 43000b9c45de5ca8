// The hub's proxy: configurable-http-proxy, with what a room answers made harmless to the browser that shows it.
//
// A room runs code that a researcher chose, and its pages are shown by the researcher's browser, which has a network.
// So nothing a room says decides what its pages may load or where they may send: only headers on a short list pass,
// and the policy is set here, outside the room, where the room cannot drop it. And what a browser sends to a kernel is
// recorded from here: a connection that cannot be recorded is closed.
//
// Started by JupyterHub as `node guard.mjs OPTIONS...`; environment:
//   SAFEROOM_PROXY_MODULES  folder with configurable-http-proxy
//   SAFEROOM_PROXY_SECRET   what the hub's sign-in accepts as coming through this proxy
//   SAFEROOM_PROXY_NAMES    host names in the routing table that stand for sockets, as JSON
//   SAFEROOM_RECORDER       socket of the recorder of what kernels are told to run; on a cluster its http://HOST:PORT
//   SAFEROOM_LOG_FORMAT     json for a document on each line of the log; text where it is not set
//   SAFEROOM_RECORDER_SECRET  with an address: what the recorder takes inputs from this proxy by

import http from "node:http";
import { createRequire } from "node:module";
import path from "node:path";
import { pathToFileURL } from "node:url";
import { roomHeaders, roomOf } from "./headers.mjs";
import { asDocuments } from "./logs.mjs";
import { RoomInputs, placeOf, sender } from "./recording.mjs";
import { Watch, kernelOf } from "./watching.mjs";

const modules = process.env.SAFEROOM_PROXY_MODULES;
const secret = process.env.SAFEROOM_PROXY_SECRET;
const recorder = placeOf(process.env.SAFEROOM_RECORDER, process.env.SAFEROOM_RECORDER_SECRET);
if (!modules || !secret || !recorder) {
  console.error("guard.mjs is started by Saferoom's hub only");
  process.exit(1);
}
delete process.env.SAFEROOM_PROXY_SECRET;
delete process.env.SAFEROOM_RECORDER_SECRET;
// Whoever read the log may be gone. That must not end the proxy, nor make it complain about complaining for ever.
for (const stream of [process.stdout, process.stderr]) stream.on("error", () => {});
const names = JSON.parse(process.env.SAFEROOM_PROXY_NAMES ?? "{}");

const at = (...parts) => pathToFileURL(path.join(modules, "configurable-http-proxy", ...parts)).href;
if (process.env.SAFEROOM_LOG_FORMAT === "json") asDocuments(createRequire(at("lib", "log.js"))("winston"), console);
const { ConfigurableProxy } = await import(at("lib", "configproxy.js"));

const original = {
  targetForReq: ConfigurableProxy.prototype.targetForReq,
  proxyOptsForTarget: ConfigurableProxy.prototype.proxyOptsForTarget,
  handleProxy: ConfigurableProxy.prototype.handleProxy,
};

// Which route answers is known only after the look-up: an encoded path must not pass for another one.
ConfigurableProxy.prototype.targetForReq = async function (req) {
  const match = await original.targetForReq.call(this, req);
  req.saferoomRoom = match ? roomOf(match.prefix) : null;
  req.saferoomHub = match ? match.prefix === "/" : false;
  return match;
};

// Connections to sockets are kept: a server that was told to close after its answer may do so while the last bytes of
// the request are on their way, and one save in a hundred failed. Idle ones are given up before any server does.
const agent = new http.Agent({ keepAlive: true, timeout: 2000 });

// JupyterHub appends a port to the addresses of sockets that it kept in its database.
ConfigurableProxy.prototype.proxyOptsForTarget = function (target) {
  if (Object.hasOwn(names, target.hostname)) {
    target.socketPath = names[target.hostname];
    return { target, secure: false, agent };
  }
  const options = original.proxyOptsForTarget.call(this, target);
  if (options.target.socketPath) {
    options.target.socketPath = options.target.socketPath.replace(/:\d+$/, "");
    options.agent = agent;
  }
  return options;
};

// Of other methods http-proxy says that there is no body, and passes it on all the same: the server behind would take
// it for the next request, of whoever comes next on that connection.
const WITH_BODIES = new Set(["POST", "PUT", "PATCH"]);
const UNMEASURED = "The length of what is sent has to be said.\n";

/** Return whether a server behind could see another end of the request than this proxy does. */
function unmeasured(kind, req) {
  const chunked = req.headers["transfer-encoding"] !== undefined;
  if (kind === "ws") return chunked || !/^0*$/.test(req.headers["content-length"] ?? "");
  return chunked && !WITH_BODIES.has(req.method);
}

function refuse(kind, res) {
  const headers = { "Content-Type": "text/plain", "Content-Length": UNMEASURED.length, Connection: "close" };
  if (kind !== "ws") return res.writeHead(411, headers).end(UNMEASURED);
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
  res.on("error", () => {});
  return res.end(`HTTP/1.1 411 Length Required\r\n${lines.join("")}\r\n${UNMEASURED}`);
}

ConfigurableProxy.prototype.handleProxy = function (kind, req, res, ...rest) {
  if (unmeasured(kind, req)) return refuse(kind, res);
  // Never believed when it comes from outside.
  delete req.headers["x-saferoom-proxy"];
  if (!this.saferoomGuarded) {
    this.saferoomGuarded = true;
    guard(this.proxy);
    watch(this.proxy);
  }
  if (kind === "ws") return this.saferoomWatched(req, res, rest);
  return original.handleProxy.call(this, kind, req, res, ...rest);
};

function guard(proxy) {
  const sign = (proxyReq, req) => {
    if (req.saferoomHub) proxyReq.setHeader("X-Saferoom-Proxy", secret);
  };
  proxy.on("proxyReq", sign);
  proxy.on("proxyRes", (proxyRes, req) => {
    if (req.saferoomRoom) {
      proxyRes.headers = roomHeaders(proxyRes.headers, req, req.saferoomRoom);
      proxyRes.rawHeaders = Object.entries(proxyRes.headers).flatMap(([name, value]) =>
        [value].flat().flatMap((one) => [name, one]),
      );
    } else {
      proxyRes.headers["x-content-type-options"] = "nosniff";
      // The airlock sets its own: its forms must name their origin.
      proxyRes.headers["referrer-policy"] ??= "no-referrer";
      proxyRes.headers["x-dns-prefetch-control"] = "off";
    }
  });
}

const inputs = new Map();
const send = sender(recorder);

/** Return what of a room waits to be recorded; null where a path is no room's. */
function inputsOf(room) {
  const [, person, project] = /^\/user\/([^/]+)\/([^/]+)\/$/.exec(room) ?? [];
  if (!project) return null;
  const log = (about, error) =>
    console.error(`inputs of ${about.person} in ${about.project} cannot be recorded: ${error.code ?? error.message}`);
  if (!inputs.has(room)) inputs.set(room, new RoomInputs({ person, project }, send, log));
  return inputs.get(room);
}

// A connection to a room is opened when what is sent on it can be recorded.
ConfigurableProxy.prototype.saferoomWatched = async function (req, socket, rest) {
  socket.on("error", () => {});
  const match = await this.targetForReq(req).catch(() => null);
  if (req.saferoomRoom) {
    // Nothing is compressed, so that it can be read here.
    delete req.headers["sec-websocket-extensions"];
    const room = inputsOf(req.saferoomRoom);
    if (!match || !room || !(await room.ready())) {
      const said = "What you run cannot be recorded just now, so it is not run. Try again in a minute.\n";
      const head = "HTTP/1.1 503 Service Unavailable\r\nContent-Type: text/plain\r\nConnection: close\r\n";
      return socket.end(`${head}Content-Length: ${said.length}\r\n\r\n${said}`);
    }
    req.saferoomInputs = room;
  }
  return original.handleProxy.call(this, "ws", req, socket, ...rest);
};

function watch(proxy) {
  proxy.on("proxyReqWs", (proxyReq, req, socket) => {
    if (!req.saferoomRoom) return;
    proxyReq.prependListener("upgrade", (_answer, upstream) => {
      // Unwatched, it is not passed on.
      if (!req.saferoomInputs) return upstream.destroy();
      new Watch(req.saferoomInputs, kernelOf(req.url), socket).attach(upstream);
    });
  });
}

await import(at("bin", "configurable-http-proxy"));
