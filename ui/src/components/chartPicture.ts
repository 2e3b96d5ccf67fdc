import type uPlot from "uplot";
import { canvasColor, lineColor } from "./chartColor.ts";
import { type Line, sliceTime } from "./chartText.ts";

/** Saves what a chart shows as a picture with its title, period and legend. */
export function savePicture(plot: uPlot, label: string, lines: readonly (Line & { color?: string })[], times: readonly number[], utc: boolean): void {
  const source = plot.ctx.canvas;
  const scale = window.devicePixelRatio || 1;
  const head = 56 * scale;
  const canvas = document.createElement("canvas");
  canvas.width = source.width;
  canvas.height = source.height + head;
  const context = canvas.getContext("2d");
  if (!context) return;
  context.fillStyle = canvasColor("var(--panel)");
  context.fillRect(0, 0, canvas.width, canvas.height);
  context.drawImage(source, 0, head);
  context.textBaseline = "middle";
  context.fillStyle = canvasColor("var(--ink)");
  context.font = `600 ${14 * scale}px system-ui, sans-serif`;
  context.fillText(`${label} · ${sliceTime(times, 0, utc)} – ${sliceTime(times, times.length - 1, utc)}${utc ? " UTC" : ""}`, 12 * scale, 16 * scale);
  context.font = `${12 * scale}px system-ui, sans-serif`;
  let left = 12 * scale;
  lines.forEach((line, at) => {
    context.fillStyle = canvasColor(line.color ?? lineColor(line.key, at));
    context.fillRect(left, 33 * scale, 10 * scale, 10 * scale);
    context.fillStyle = canvasColor("var(--ink-2)");
    context.fillText(line.label, left + 15 * scale, 39 * scale);
    left += 33 * scale + context.measureText(line.label).width;
  });
  saveCanvas(canvas, label);
}

/** Hands a canvas over as a file. */
export function saveCanvas(canvas: HTMLCanvasElement, label: string): void {
  canvas.toBlob((blob) => {
    if (blob) saveBlob(blob, `apisentinel-${label.toLowerCase().replaceAll(/[^a-z0-9]+/g, "-")}.png`);
  });
}

/** Hands something over as a file of this name. */
export function saveBlob(blob: Blob, name: string): void {
  const address = URL.createObjectURL(blob);
  const link = document.createElement("a");
  link.href = address;
  link.download = name;
  link.click();
  // The download has begun when the next task runs; the address is not needed after it.
  setTimeout(() => URL.revokeObjectURL(address), 1000);
}
