// The start page: logs in, then shows what the REST API says. Text from traffic is hostile, so it
// only ever becomes textContent.
"use strict";

const REFRESH_MS = 3000;
const SHOWN = 20;
const byId = (id) => document.getElementById(id);
let csrf = "";
let timer = 0;

function show(id, visible) {
  byId(id).hidden = !visible;
}

function cell(row, text, className) {
  const td = document.createElement("td");
  td.textContent = text;
  if (className) td.className = className;
  row.append(td);
}

async function call(path, options = {}) {
  const headers = { Accept: "application/json", ...options.headers };
  if (options.body) headers["Content-Type"] = "application/json";
  if (csrf && options.method) headers["X-CSRF-Token"] = csrf;
  const answer = await fetch(path, { credentials: "same-origin", cache: "no-store", ...options, headers });
  const isJson = (answer.headers.get("content-type") || "").includes("json");
  const body = isJson ? await answer.json() : null;
  if (!answer.ok) {
    const error = new Error((body && body.detail) || `The service answered ${answer.status}.`);
    error.status = answer.status;
    throw error;
  }
  return body;
}

async function redeemToken() {
  const token = new URLSearchParams(location.hash.slice(1)).get("token");
  if (!token) return;
  // The token leaves the address bar and the history before anything else happens.
  history.replaceState(null, "", location.pathname + location.search);
  try {
    const me = await call("api/v1/login", { method: "POST", body: JSON.stringify({ token }) });
    csrf = me.csrf;
  } catch (error) {
    byId("login-error").textContent =
      error.status === 401 ? "This link was used already or is too old. Restart the service for a new one, or log in." : error.message;
  }
}

async function logIn(event) {
  event.preventDefault();
  const form = new FormData(byId("login-form"));
  byId("login-error").textContent = "";
  try {
    const body = JSON.stringify({ name: form.get("name"), password: form.get("password") });
    csrf = (await call("api/v1/login", { method: "POST", body })).csrf;
    byId("password").value = "";
    await begin();
  } catch (error) {
    byId("login-error").textContent = error.message;
    byId("password").focus();
  }
}

async function logOut() {
  clearTimeout(timer);
  try {
    await call("api/v1/logout", { method: "POST" });
  } catch (error) {
    if (error.status !== 401) byId("state").textContent = error.message;
  }
  csrf = "";
  askForLogin("Logged out.");
}

function askForLogin(text) {
  clearTimeout(timer);
  byId("state").textContent = text;
  show("content", false);
  show("user", false);
  show("login", true);
}

function showFigures(pairs) {
  byId("figures").replaceChildren(
    ...pairs.map(([name, value]) => {
      const box = document.createElement("div");
      const dt = document.createElement("dt");
      const dd = document.createElement("dd");
      dt.textContent = name;
      dd.textContent = value;
      box.append(dt, dd);
      return box;
    }),
  );
}

function words(text) {
  return String(text ?? "").replaceAll("_", " ");
}

function moment(time) {
  const isToday = time.toDateString() === new Date().toDateString();
  return isToday ? time.toLocaleTimeString() : time.toLocaleString();
}

function showIncidents(incidents) {
  show("incidents-none", incidents.length === 0);
  show("incidents", incidents.length > 0);
  byId("incidents").tBodies[0].replaceChildren(
    ...incidents.map((incident) => {
      const row = document.createElement("tr");
      const severity = String(incident.severity ?? "").toLowerCase();
      const known = ["critical", "high", "medium", "low"].includes(severity) ? severity : "";
      const entities = incident.entities ?? [];
      const who = entities.slice(0, 3).map((entity) => `${entity.kind} ${entity.id}`).join(", ");
      const more = entities.length > 3 ? ` and ${entities.length - 3} more` : "";
      cell(row, String(incident.risk ?? ""), `number ${known}`);
      cell(row, words(severity), known);
      cell(row, (incident.attack_types ?? []).map(words).join(", "));
      cell(row, who + more, "who");
      cell(row, String(incident.reason ?? ""), "why");
      cell(row, incident.last_ts ? moment(new Date(incident.last_ts)) : "", "time");
      cell(row, words(incident.status ?? "open"));
      return row;
    }),
  );
}

function count(value) {
  return typeof value === "number" ? value.toLocaleString() : "–";
}

async function refresh() {
  try {
    const [overview, health, incidents] = await Promise.all([
      call("api/v1/overview"),
      call("api/v1/health"),
      call(`api/v1/incidents?limit=${SHOWN}`),
    ]);
    const events = overview.events ?? overview.counters ?? overview.totals ?? {};
    showFigures([
      ["Requests received", count(events.received)],
      ["Accepted", count(events.accepted)],
      ["Rejected", count(events.rejected)],
      ["Seen before", count(events.deduplicated)],
      ["Incidents", count(incidents.total)],
      ["Behind by", typeof health.lag_seconds === "number" ? `${health.lag_seconds.toFixed(1)} s` : "–"],
    ]);
    show("demo", overview.demo === true);
    showIncidents(incidents.items ?? []);
    const failing = Object.entries(health.checks ?? {}).filter(([, check]) => !check.ok);
    byId("state").textContent =
      failing.length === 0 ? `Running, version ${health.version}.` : failing.map(([name, check]) => `${name}: ${check.detail}`).join("; ");
  } catch (error) {
    if (error.status === 401) {
      askForLogin("The session has ended.");
      return;
    }
    byId("state").textContent = error.status ? error.message : "The service does not answer; trying again …";
  }
  timer = setTimeout(refresh, document.hidden ? 4 * REFRESH_MS : REFRESH_MS);
}

async function begin() {
  let me;
  try {
    me = await call("api/v1/me");
  } catch (error) {
    askForLogin(error.status === 401 ? "Running. Log in to see more." : error.message);
    return;
  }
  csrf = me.csrf ?? "";
  byId("user-name").textContent = `${me.name} (${me.role ?? me.scopes.join(", ")})`;
  show("user", true);
  show("login", false);
  show("content", true);
  await refresh();
}

byId("login-form").addEventListener("submit", logIn);
byId("logout").addEventListener("click", logOut);
byId("curl").textContent =
  `curl -H "Authorization: Bearer KEY" --data-binary @requests.ndjson ${new URL("api/v1/events", location.href).href}`;
redeemToken().then(begin);
