import type { Key } from "../../i18n/index.ts";

export interface Way {
  readonly key: string;
  readonly title: Key;
  /** Where the text goes. */
  readonly where: Key;
  text(url: string, secret: string): string;
}

/** Stands in snippets until a key has been made. */
export const PLACEHOLDER = "YOUR_KEY";

/** Ways to bring traffic in, the easiest first; each is whole as it stands. */
export const WAYS: readonly Way[] = [
  {
    key: "curl",
    title: "src.curl",
    where: "src.where.shell",
    text: (url, secret) => `curl ${url}api/v1/events \\
  -H 'Authorization: Bearer ${secret}' \\
  -d '{"method": "GET", "url": "/orders/7?id=1", "status": 200, "client_ip": "192.0.2.7"}'`,
  },
  {
    key: "fastapi",
    title: "src.fastapi",
    where: "src.where.code",
    text: (url, secret) => `# pip install apisentinel-agent
# export APISENTINEL_AGENT_URL=${url}
# export APISENTINEL_AGENT_KEY=${secret}
from apisentinel_agent.fastapi import protect  # or apisentinel_agent.flask

protect(app, service="shop")`,
  },
  {
    key: "django",
    title: "src.django",
    where: "src.where.code",
    text: (url, secret) => `# pip install apisentinel-agent
# export APISENTINEL_AGENT_URL=${url}
# export APISENTINEL_AGENT_KEY=${secret}
MIDDLEWARE = ["apisentinel_agent.django.SentinelMiddleware", *MIDDLEWARE]
APISENTINEL_AGENT = {"service": "shop"}`,
  },
  {
    key: "file",
    title: "src.file",
    where: "src.where.settings",
    text: () => `[[sources.inputs]]
type = "file"
path = "/var/log/nginx/access.log"`,
  },
  {
    key: "syslog",
    title: "src.syslog",
    where: "src.where.settings",
    text: () => `[[sources.inputs]]
type = "syslog"
port = 5514`,
  },
  {
    key: "otlp",
    title: "src.otlp",
    where: "src.where.exporter",
    text: (url, secret) => `OTEL_EXPORTER_OTLP_TRACES_ENDPOINT=${url}v1/traces
OTEL_EXPORTER_OTLP_TRACES_PROTOCOL=http/json
OTEL_EXPORTER_OTLP_HEADERS=Authorization=Bearer%20${secret}`,
  },
  {
    key: "splunk",
    title: "src.splunk",
    where: "src.where.shell",
    text: (url, secret) => `curl ${url}services/collector/raw \\
  -H 'Authorization: Splunk ${secret}' \\
  --data-binary @/var/log/nginx/access.log`,
  },
];
