// What of a room's answer reaches the browser. Run by tests/unit/jupyter/test_headers.py with the hub's own Node.js.
import assert from "node:assert/strict";
import test from "node:test";

const { ownLocation, policy, roomHeaders, roomOf } = await import(process.env.HEADERS);
const ROOM = "/user/ana/alpha/";
const REQ = { headers: { host: "127.0.0.1:8000" } };

test("routes of rooms are told from all others", () => {
  assert.equal(roomOf("/user/ana/alpha"), ROOM);
  assert.equal(roomOf("/user/ana/alpha/"), ROOM);
  assert.equal(roomOf("/"), null);
  assert.equal(roomOf("/services/airlock"), null);
  assert.equal(roomOf("/user/ana"), "/user/");
});

test("a room cannot set, weaken or report its policy", () => {
  const told = roomHeaders(
    {
      "content-security-policy": "default-src *",
      "content-security-policy-report-only": "report-uri https://elsewhere.example",
      "Content-Security-Policy": "script-src *",
    },
    REQ,
    ROOM,
  );
  assert.ok(told["content-security-policy"].startsWith("default-src 'none'"));
  assert.ok(!("content-security-policy-report-only" in told));
  assert.ok(!JSON.stringify(told).includes("elsewhere"));
});

for (const name of [
  "report-to",
  "reporting-endpoints",
  "nel",
  "refresh",
  "link",
  "alt-svc",
  "service-worker-allowed",
  "clear-site-data",
  "access-control-allow-origin",
  "strict-transport-security",
  "sourcemap",
  "x-frame-options",
  "server",
  "www-authenticate",
  "something-new",
]) {
  test(`the header ${name} does not pass`, () => {
    assert.ok(!(name in roomHeaders({ [name]: "https://elsewhere.example" }, REQ, ROOM)));
  });
}

test("content headers pass", () => {
  const told = roomHeaders({ "content-type": "text/html", etag: '"1"', "content-length": "3" }, REQ, ROOM);
  assert.equal(told["content-type"], "text/html");
  assert.equal(told.etag, '"1"');
  assert.equal(told["content-length"], "3");
});

test("cookies stay within the room", () => {
  const told = roomHeaders(
    {
      "set-cookie": [
        "a=1; Path=/user/ana/alpha/",
        "b=2; Path=/",
        "c=3",
        "d=4; Path=/hub/",
        "e=5; path=/user/ana/alpha/; Domain=example.org",
        "f=6; Path=/user/ana/alphabet/",
      ],
    },
    REQ,
    ROOM,
  );
  assert.deepEqual(told["set-cookie"], ["a=1; Path=/user/ana/alpha/"]);
});

test("redirects stay on this host", () => {
  const host = "127.0.0.1:8000";
  assert.equal(ownLocation("/user/ana/alpha/lab?x=1#y", host), "/user/ana/alpha/lab?x=1#y");
  assert.equal(ownLocation("http://127.0.0.1:8000/hub/login", host), "/hub/login");
  for (const away of ["https://elsewhere.example/?data", "//elsewhere.example/", "http://127.0.0.1:9000/", "javascript:alert(1)"]) {
    assert.equal(ownLocation(away, host), null);
  }
  assert.ok(!("location" in roomHeaders({ location: "//elsewhere.example" }, REQ, ROOM)));
});

test("pages load from and send to their own room alone", () => {
  const said = policy("hub.example.org:8443", ROOM);
  for (const kind of ["script-src", "style-src", "img-src", "font-src", "media-src", "connect-src", "frame-src", "form-action", "base-uri"]) {
    assert.match(said, new RegExp(`${kind} hub\\.example\\.org:8443/user/ana/alpha/`));
  }
  assert.match(said, /object-src 'none'/);
  assert.doesNotMatch(said, /\*|https?:|allow-popups|allow-downloads|allow-top-navigation/);
});

test("a strange host gets nothing", () => {
  for (const host of ["a; script-src *", "x y", "", undefined, "host/path", "[::1"]) {
    const said = policy(host, ROOM);
    assert.match(said, /connect-src 'none'/);
    assert.doesNotMatch(said, /\*/);
  }
});
