// The hub's proxy: configurable-http-proxy, with what a room answers made harmless to the browser that shows it.
//
// A room runs code that a researcher chose, and its pages are shown by the researcher's browser, which has a network.
// So nothing a room says decides what its pages may load or where they may send: only headers on a short list pass,
// and the policy is set here, outside the room, where the room cannot drop it.
//
// Started by JupyterHub as `node guard.mjs OPTIONS...`; environment:
//   SAFEROOM_PROXY_MODULES  folder with configurable-http-proxy
//   SAFEROOM_PROXY_SECRET   what the hub's sign-in accepts as coming through this proxy
//   SAFEROOM_PROXY_NAMES    host names in the routing table that stand for sockets, as JSON

import http from "node:http";
import path from "node:path";
import { pathToFileURL } from "node:url";
import { roomHeaders, roomOf } from "./headers.mjs";

const modules = process.env.SAFEROOM_PROXY_MODULES;
const secret = process.env.SAFEROOM_PROXY_SECRET;
if (!modules || !secret) {
  console.error("guard.mjs is started by Saferoom's hub only");
  process.exit(1);
}
delete process.env.SAFEROOM_PROXY_SECRET;
// Whoever read the log may be gone. That must not end the proxy, nor make it complain about complaining for ever.
for (const stream of [process.stdout, process.stderr]) stream.on("error", () => {});
const names = JSON.parse(process.env.SAFEROOM_PROXY_NAMES ?? "{}");

const at = (...parts) => pathToFileURL(path.join(modules, "configurable-http-proxy", ...parts)).href;
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

ConfigurableProxy.prototype.handleProxy = function (kind, req, res, ...rest) {
  // Never believed when it comes from outside.
  delete req.headers["x-saferoom-proxy"];
  if (!this.saferoomGuarded) {
    this.saferoomGuarded = true;
    guard(this.proxy);
  }
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

await import(at("bin", "configurable-http-proxy"));
