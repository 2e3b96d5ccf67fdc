import { cleanup, fireEvent, render, screen, within } from "@testing-library/react";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { chartSummary, stacked } from "./chartText.ts";
import { HeatMap } from "./HeatMap.tsx";
import { SwimLane } from "./SwimLane.tsx";

// The drawing needs a canvas; what it is told is tested here, the pixels in a browser.
vi.mock("uplot", () => {
  class Plot {
    static paths = { bars: () => () => null };
    static pxRatio = 1;
    width = 600;
    ctx = { canvas: { width: 1, height: 1 } };
    setData() {}
    setSize() {}
    setCursor() {}
    setSelect() {}
    valToPos() {
      return 0;
    }
    destroy() {}
  }
  return { default: Plot };
});

const { TimeChart, nice } = await import("./TimeChart.tsx");
const T = [0, 60, 120, 180].map((each) => Date.parse("2026-11-21T10:00:00Z") / 1000 + each);
const SERIES = [
  { key: "HIGH", label: "High", values: [1, 0, 7, 2], stacked: true },
  { key: "LOW", label: "Low", values: [10, 12, null, 11], stacked: true },
];

beforeEach(() => localStorage.setItem("apisentinel.zone", '"utc"'));
afterEach(cleanup);

describe("charts in words", () => {
  it("tell last, lowest, highest and when", () => {
    const told = chartSummary("Requests", T, SERIES, true);
    expect(told).toContain("High: last 2, lowest 0, highest 7 at 10:02:00");
    expect(told).toContain("Low: last 11, lowest 10, highest 12 at 10:01:00");
    expect(chartSummary("Requests", [], [], true)).toContain("no data");
  });

  it("add columns up", () => {
    expect(stacked(SERIES)).toEqual([[1, 0, 7, 2], [11, 12, 7, 13]]);
  });

  it("end their axis on a round number", () => {
    expect([nice(0), nice(7), nice(95), nice(1200)]).toEqual([1, 8, 100, 1500]);
  });
});

describe("a chart over time", () => {
  it("has a table with every value, newest first", () => {
    render(<TimeChart t={T} series={SERIES} label="Requests" />);
    fireEvent.click(screen.getByRole("button", { name: "View as table" }));
    const rows = within(screen.getByRole("table")).getAllByRole("row");
    expect(rows.map((row) => row.textContent)).toEqual(["TimeHighLow", "10:03:00211", "10:02:007–", "10:01:00012", "10:00:00110"]);
  });

  it("pages long tables", () => {
    const long = Array.from({ length: 130 }, (_, at) => at * 60);
    render(<TimeChart t={long} series={[{ key: "a", label: "A", values: long }]} label="Long" />);
    fireEvent.click(screen.getByRole("button", { name: "View as table" }));
    expect(screen.getByText("Page 1 of 3")).toBeTruthy();
    expect(screen.getAllByRole("row").length).toBe(51);
    fireEvent.click(screen.getByRole("button", { name: "Next" }));
    expect(screen.getByText("Page 2 of 3")).toBeTruthy();
  });

  it("is read and brushed with the keyboard", () => {
    const onBrush = vi.fn();
    render(<TimeChart t={T} series={SERIES} label="Requests" onBrush={onBrush} />);
    const plot = screen.getByRole("slider", { name: "Requests" });
    fireEvent.keyDown(plot, { key: "Home" });
    expect(plot.getAttribute("aria-valuetext")).toContain("10:00:00: High 1, Low 10");
    fireEvent.keyDown(plot, { key: "Enter" });
    fireEvent.keyDown(plot, { key: "ArrowRight" });
    fireEvent.keyDown(plot, { key: "ArrowRight" });
    fireEvent.keyDown(plot, { key: "Enter" });
    expect(onBrush).toHaveBeenCalledWith((T[0] ?? 0) * 1000, (T[2] ?? 0) * 1000 + 60_000);
  });
});

describe("other charts", () => {
  it("lanes have a table whose entries open the same", () => {
    const onOpen = vi.fn();
    render(<SwimLane label="Lanes" from={0} to={100_000} onOpen={onOpen} lanes={[{ key: "sqli", label: "SQL", marks: [{ id: "a-1", from: 5000, severity: "HIGH", label: "first <b>" }] }]} />);
    fireEvent.click(screen.getByRole("button", { name: /^View as table/ }));
    fireEvent.click(screen.getByRole("button", { name: "first <b>" }));
    expect(onOpen).toHaveBeenCalledWith("a-1");
  });

  it("a lane is one stop of the Tab key, and arrows go along it", () => {
    const marks = ["one", "two", "three"].map((label, at) => ({ id: label, from: at * 30_000, severity: "HIGH", label }));
    render(<SwimLane label="Lanes" from={0} to={100_000} lanes={[{ key: "sqli", label: "SQL", marks }]} />);
    const [one, two, three] = ["one", "two", "three"].map((name) => screen.getByRole("button", { name })) as [HTMLElement, HTMLElement, HTMLElement];
    expect([one, two, three].map((each) => each.tabIndex)).toEqual([0, -1, -1]);
    one.focus();
    fireEvent.keyDown(one, { key: "ArrowRight" });
    expect(document.activeElement).toBe(two);
    fireEvent.keyDown(two, { key: "End" });
    expect(document.activeElement).toBe(three);
    fireEvent.keyDown(three, { key: "ArrowRight" });
    expect(document.activeElement).toBe(three);
    fireEvent.keyDown(three, { key: "Home" });
    expect(document.activeElement).toBe(one);
  });

  it("the week is a table with its numbers", () => {
    const values = Array.from({ length: 7 }, (_, day) => Array.from({ length: 24 }, (_each, hour) => (day === 5 && hour === 18 ? 42 : 0)));
    render(<HeatMap values={values} label="Week" />);
    const saturday = screen.getAllByRole("row")[6];
    expect(saturday?.textContent).toContain("Sat");
    expect(within(saturday as HTMLElement).getByText("42")).toBeTruthy();
  });
});
