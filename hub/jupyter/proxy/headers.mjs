// What of a room's answer reaches the browser. Pure functions, tested by themselves.

// Everything else is dropped: among the rest are ways out (Report-To, NEL, Refresh, Link, Alt-Svc), ways to reach
// other rooms' pages (Service-Worker-Allowed, Access-Control-*) and to upset the hub's session (Clear-Site-Data).
const PASSED = new Set([
  "accept-ranges",
  "cache-control",
  "connection",
  "content-disposition",
  "content-encoding",
  "content-language",
  "content-length",
  "content-range",
  "content-type",
  "date",
  "etag",
  "expires",
  "keep-alive",
  "last-modified",
  "transfer-encoding",
  "vary",
  "x-jupyterhub-version",
]);

/** Return the room's path when `prefix` is the route of one: /user/PERSON/PROJECT. */
export function roomOf(prefix) {
  const match = /^\/user\/([a-z0-9-]+)\/([a-z0-9-]+)$/.exec(prefix.replace(/\/$/, ""));
  return match ? `/user/${match[1]}/${match[2]}/` : prefix.startsWith("/user/") ? "/user/" : null;
}

/** Return the headers of a room's answer as the browser gets them. */
export function roomHeaders(headers, req, room) {
  const passed = {};
  for (const [name, value] of Object.entries(headers)) {
    if (PASSED.has(name.toLowerCase())) passed[name.toLowerCase()] = value;
  }
  const cookies = [headers["set-cookie"] ?? []].flat().filter((cookie) => ownCookie(cookie, room));
  if (cookies.length) passed["set-cookie"] = cookies;
  const location = headers.location && ownLocation(headers.location, req.headers.host);
  if (location) passed.location = location;
  passed["content-security-policy"] = policy(req.headers.host, room);
  // A room's pages share their origin with the sign-in page: a security key asked for by one would answer as there.
  passed["permissions-policy"] =
    "camera=(), display-capture=(), geolocation=(), microphone=(), payment=(), usb=(), " +
    "publickey-credentials-create=(), publickey-credentials-get=()";
  passed["referrer-policy"] = "no-referrer";
  passed["x-content-type-options"] = "nosniff";
  passed["x-dns-prefetch-control"] = "off";
  passed["cross-origin-opener-policy"] = "same-origin";
  passed["cross-origin-resource-policy"] = "same-origin";
  return passed;
}

/** Return the policy: a room's pages load from and send to that room alone. */
export function policy(host, room) {
  // A host that does not look like one gets a policy that allows nothing from anywhere.
  const name = /^[A-Za-z0-9.-]+(:\d+)?$|^\[[0-9a-fA-F:]+\](:\d+)?$/.test(host ?? "") ? host : null;
  const own = name ? `${name}${room}` : "'none'";
  const sockets = name ? `ws://${name}${room} wss://${name}${room}` : "";
  return [
    "default-src 'none'",
    `script-src ${own} 'unsafe-inline' 'unsafe-eval'`,
    `style-src ${own} 'unsafe-inline'`,
    `img-src ${own} data: blob:`,
    `media-src ${own} data: blob:`,
    `font-src ${own} data:`,
    `connect-src ${own} ${sockets}`.trim(),
    `worker-src ${own} blob:`,
    `frame-src ${own} blob:`,
    `manifest-src ${own}`,
    `form-action ${own}`,
    `base-uri ${own}`,
    "object-src 'none'",
    "frame-ancestors 'self'",
    // Its pages keep their own origin, but open no windows and save no files.
    "sandbox allow-scripts allow-same-origin allow-forms allow-modals",
  ].join("; ");
}

function ownCookie(cookie, room) {
  const path = /;\s*path=([^;]*)/i.exec(cookie);
  return Boolean(path) && (path[1].trim() + "/").startsWith(room) && !/;\s*domain=/i.test(cookie);
}

/** Return where a room may redirect to: a path here, or nothing. */
export function ownLocation(location, host) {
  try {
    const base = `http://${host}`;
    const url = new URL(location, base);
    return url.host === new URL(base).host && /^https?:$/.test(url.protocol)
      ? url.pathname + url.search + url.hash
      : null;
  } catch {
    return null;
  }
}
