import type { Explanation, Incident } from "../../api/types.ts";
import { canvasColor } from "../../components/chartColor.ts";
import { saveCanvas } from "../../components/chartPicture.ts";
import { steps } from "../../components/Contributions.tsx";
import { dateTime, number, severityOf, signed, words } from "../../components/format.ts";
import { visibleText } from "../../components/visible.ts";
import { t } from "../../i18n/index.ts";

const WIDTH = 960;
const PAD = 32;
const LINE = 22;

const color = (name: string) => canvasColor(`var(--${name})`);
const font = (size: number, weight = 400) => `${weight} ${size}px system-ui, sans-serif`;

/** An incident as a picture: what it is, the sentence, and the way from the base to the risk. */
export function saveCard(incident: Incident, why: Explanation): void {
  const canvas = document.createElement("canvas");
  const context = canvas.getContext("2d");
  if (!context) return;
  context.font = font(15);
  const sentence = wrapped(context, visibleText(incident.reason, 600), WIDTH - 2 * PAD);
  const way = steps(why.base, why.factors, why.risk, why.rest);
  const scale = 2;
  const height = PAD * 2 + 64 + sentence.length * LINE + 24 + (way.length + 1) * 30;
  canvas.width = WIDTH * scale;
  canvas.height = height * scale;
  context.scale(scale, scale);
  context.fillStyle = color("panel");
  context.fillRect(0, 0, WIDTH, height);
  context.textBaseline = "top";
  const say = (text: string, x: number, y: number, style: string, ink = "ink") => {
    context.font = style;
    context.fillStyle = color(ink);
    context.fillText(text, x, y);
  };
  const severity = severityOf(incident.risk);
  say(`${incident.risk}`, PAD, PAD - 6, font(38, 700), severity.toLowerCase());
  say(`${words(severity.toLowerCase())} · ${incident.attack_types.slice(0, 3).map(words).join(", ")}`, PAD + 96, PAD, font(18, 650));
  say(`${incident.id} · ${dateTime(incident.first_ts ?? "", { utc: true })} – ${dateTime(incident.last_ts ?? "", { utc: true })} UTC`, PAD + 96, PAD + 26, font(12), "ink-2");
  let y = PAD + 64;
  for (const line of sentence) {
    say(line, PAD, y, font(15));
    y += LINE;
  }
  y += 24;
  const bar = { left: 560, width: WIDTH - PAD - 560 };
  for (const step of way) {
    const name = step.item ? visibleText(step.item.name, 60) : step.kind === "base" ? t("c.base") : step.kind === "clip" ? t("c.clipped", { limit: 100 }) : t("c.rest");
    say(name, PAD, y, font(13));
    say(step.kind === "base" ? number(step.points, 1) : signed(step.points), 490, y, font(13, 600));
    context.fillStyle = color(step.kind === "base" ? "none" : step.points < 0 ? "good" : "high");
    const [low, high] = [Math.min(step.from, step.to), Math.max(step.from, step.to)];
    context.fillRect(bar.left + (bar.width * Math.max(0, low)) / 100, y + 2, Math.max(2, (bar.width * (high - low)) / 100), 12);
    y += 30;
  }
  say(t("c.risk"), PAD, y, font(13, 700));
  say(number(incident.risk, 0), 490, y, font(13, 700));
  context.fillStyle = color(severity.toLowerCase());
  context.fillRect(bar.left, y + 2, (bar.width * incident.risk) / 100, 12);
  saveCanvas(canvas, incident.id);
}

function wrapped(context: CanvasRenderingContext2D, text: string, width: number): string[] {
  const lines: string[] = [];
  let line = "";
  for (const word of text.split(" ")) {
    const longer = line === "" ? word : `${line} ${word}`;
    if (context.measureText(longer).width <= width) {
      line = longer;
      continue;
    }
    if (line) lines.push(line);
    line = word.slice(0, 110);
  }
  if (line) lines.push(line);
  return lines.slice(0, 8);
}
