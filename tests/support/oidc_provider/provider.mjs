// A real OpenID Connect provider (npm oidc-provider) on loopback, whose people sign in by saying who they are.
//
// environment:
//   OIDC_MODULES   folder with oidc-provider
//   OIDC_SETTINGS  JSON: port, certificate and key (files; http without), clients, accounts
//
// An account is {"sub": {"email", "acr", "amr"}}: what it would have proved. It is named by the form field `login`.

import http from "node:http";
import https from "node:https";
import fs from "node:fs";
import path from "node:path";
import { pathToFileURL } from "node:url";

const modules = process.env.OIDC_MODULES;
const { Provider } = await import(pathToFileURL(path.join(modules, "oidc-provider", "lib", "index.js")).href);
const settings = JSON.parse(process.env.OIDC_SETTINGS);
const scheme = settings.certificate ? "https" : "http";
const issuer = `${scheme}://localhost:${settings.port}`;

const provider = new Provider(issuer, {
  clients: settings.clients,
  claims: { openid: ["sub"], email: ["email"], profile: ["preferred_username", "groups"] },
  conformIdTokenClaims: false,
  acrValues: ["mfa"],
  pkce: { required: () => true },
  features: { devInteractions: { enabled: false } },
  interactions: { url: (_, interaction) => `/interaction/${interaction.uid}` },
  cookies: { keys: ["only-for-tests"] },
  findAccount: (_, id) =>
    settings.accounts[id] && {
      accountId: id,
      claims: () => ({
        sub: id,
        email: settings.accounts[id].email,
        preferred_username: settings.accounts[id].username,
        groups: settings.accounts[id].groups,
      }),
    },
});
const answer = provider.callback();

async function interact(req, res) {
  const details = await provider.interactionDetails(req, res);
  if (req.method === "GET" && details.prompt.name === "login") {
    res.setHeader("content-type", "text/html");
    res.end('<form method="post"><label>Account <input name="login"></label><button>Continue</button></form>');
    return;
  }
  if (details.prompt.name === "login") {
    let body = "";
    for await (const part of req) body += part;
    const login = new URLSearchParams(body).get("login");
    const account = settings.accounts[login];
    const result = account
      ? { login: { accountId: login, acr: account.acr, amr: account.amr } }
      : { error: "access_denied", error_description: "<b>nobody</b>" };
    await provider.interactionFinished(req, res, result, { mergeWithLastSubmission: false });
    return;
  }
  const grant = new provider.Grant({ accountId: details.session.accountId, clientId: details.params.client_id });
  grant.addOIDCScope(details.params.scope);
  const consent = { grantId: await grant.save() };
  await provider.interactionFinished(req, res, { consent }, { mergeWithLastSubmission: true });
}

const handle = (req, res) => {
  if (!req.url.startsWith("/interaction/")) return answer(req, res);
  return interact(req, res).catch((error) => {
    res.statusCode = 400;
    res.end(String(error.message));
  });
};
const server = settings.certificate
  ? https.createServer({ cert: fs.readFileSync(settings.certificate), key: fs.readFileSync(settings.key) }, handle)
  : http.createServer(handle);
server.listen(settings.port, "127.0.0.1", () => console.log("listening"));
