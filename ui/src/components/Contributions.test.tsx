import { cleanup, render, screen, within } from "@testing-library/react";
import { afterEach, describe, expect, it } from "vitest";
import { Contributions, steps } from "./Contributions.tsx";

afterEach(cleanup);

const item = (name: string, contribution: number) => ({ name, actual: 1, usual: null, unit: "", contribution });

describe("why a risk is what it is", () => {
  it.each([
    [12.5, [23, 16.6, 15.9, 15.1, 15.1], 98, -0.2],
    [12.5, [60, 50], 100, undefined],
    [12.5, [], 12, undefined],
    [12.5, [30, -10.5], 32, 0],
  ])("adds up: base %d, %j, risk %d", (base, points, total, rest) => {
    const way = steps(base, points.map((each, at) => item(`f${at}`, each)), total, rest);
    expect(way.reduce((sum, step) => sum + step.points, 0)).toBeCloseTo(total, 6);
    expect(way[0]?.from).toBe(0);
    way.slice(1).forEach((step, at) => expect(step.from).toBeCloseTo(way[at]?.to ?? Number.NaN, 9));
    expect(way.at(-1)?.to).toBeCloseTo(total, 6);
  });

  it("shows what the limit takes away as a row of its own", () => {
    expect(steps(12.5, [item("a", 60), item("b", 50)], 100).at(-1)).toMatchObject({ kind: "clip", points: -22.5 });
    render(<Contributions base={12.5} items={[item("a", 60), item("b", 50)]} total={100} />);
    expect(screen.getByText("Capped at 100")).toBeTruthy();
  });

  it("shows rows whose figures add up to the figure below", () => {
    render(<Contributions base={12.5} items={[item("failed logins", 60.4), item("new accounts", 15)]} total={88} />);
    const rows = within(screen.getByRole("table")).getAllByRole("row");
    const shown = rows.flatMap((row) => [...row.querySelectorAll("td.end")].map((cell) => Number(cell.textContent?.replace("−", "-").replace("±", ""))));
    expect(shown.at(-1)).toBe(88);
    expect(shown.slice(0, -1).reduce((sum, each) => sum + each, 0)).toBeCloseTo(88, 6);
  });

  it("shows measured text as text only", () => {
    const { container } = render(<Contributions base={0} items={[{ ...item("<img src=x onerror=alert(1)>", 5), actual: "<script>\u202e" }]} total={5} />);
    expect(container.querySelector("img, script")).toBeNull();
    expect(container.textContent).toContain("<script>\\u202e");
  });
});
