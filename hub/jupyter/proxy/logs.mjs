// The proxy's log as the other services write theirs: a JSON document on a line, where SAFEROOM_LOG_FORMAT says so.

import { format } from "node:util";

/** Return a line of the log. */
export function line(level, event) {
  return JSON.stringify({ event, level, service: "proxy", timestamp: new Date().toISOString() });
}

/** Make documents of what is written by way of `winston`, which configurable-http-proxy uses, and of `console`. */
export function asDocuments(winston, console) {
  const make = winston.createLogger;
  const { combine, splat, printf } = winston.format;
  const documents = combine(splat(), printf((said) => line(said.level, String(said.message))));
  winston.createLogger = (options) => make({ ...options, format: documents });
  for (const [name, level] of [["log", "info"], ["info", "info"], ["warn", "warning"], ["error", "error"]]) {
    const write = console[name].bind(console);
    console[name] = (...said) => write("%s", line(level, format(...said)));
  }
}
