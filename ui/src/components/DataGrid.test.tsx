import { cleanup, fireEvent, render, screen } from "@testing-library/react";
import { useState } from "react";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { type Column, DataGrid } from "./DataGrid.tsx";
import { keyAction } from "./gridKeys.ts";

interface Item {
  id: string;
  name: string;
}

const ROWS: Item[] = Array.from({ length: 10_000 }, (_, at) => ({ id: `r${at}`, name: `row ${at}` }));
const COLUMNS: Column<Item>[] = [
  { key: "id", title: "Id", width: 100, sortable: true, render: (row) => row.id },
  { key: "name", title: "Name", render: (row) => <button type="button" tabIndex={-1}>{row.name}</button> },
];

beforeEach(() => {
  // The virtual list asks how high its box is; there is no layout here.
  vi.spyOn(HTMLElement.prototype, "clientHeight", "get").mockReturnValue(400);
  vi.spyOn(HTMLElement.prototype, "clientWidth", "get").mockReturnValue(800);
});
afterEach(() => {
  cleanup();
  vi.restoreAllMocks();
});

function Grid(props: { onOpen?: (row: Item) => void; onSort?: (sort: string) => void; onRowKey?: (key: string, row: Item) => boolean; loadMore?: () => void; rows?: Item[] }) {
  const [selected, setSelected] = useState<Set<string>>(new Set());
  return <DataGrid label="Items" columns={COLUMNS} rows={props.rows ?? ROWS} total={20_000} rowKey={(row) => row.id} selected={selected} onSelect={setSelected} sort="-id" {...props} />;
}

const grid = () => screen.getByRole("grid", { name: "Items" });
const active = () => document.getElementById(grid().getAttribute("aria-activedescendant") ?? "")?.textContent;
const press = (key: string, more = {}) => fireEvent.keyDown(grid(), { key, ...more });
const chosen = () => screen.getAllByRole("row").filter((row) => row.getAttribute("aria-selected") === "true").length;
const key = (name: string) => ({ key: name, shiftKey: false, ctrlKey: false, metaKey: false, altKey: false });

describe("the grid", () => {
  it("draws the rows that are seen only, and says how many there are", () => {
    render(<Grid />);
    expect(screen.getAllByRole("row").length).toBeLessThan(60);
    expect(grid().getAttribute("aria-rowcount")).toBe("20001");
    expect(screen.getAllByRole("gridcell").length).toBeGreaterThan(10);
  });

  it("moves with j, k and the arrows while the focus stays on it", () => {
    render(<Grid />);
    grid().focus();
    expect(active()).toContain("r0");
    press("j");
    press("ArrowDown");
    expect(active()).toContain("r2");
    press("k");
    expect(active()).toContain("r1");
    press("Home");
    expect(active()).toContain("r0");
    expect(document.activeElement).toBe(grid());
  });

  it("opens with Enter and by a click, and tells the screen its own keys", () => {
    const onOpen = vi.fn();
    const onRowKey = vi.fn(() => true);
    render(<Grid onOpen={onOpen} onRowKey={onRowKey} />);
    press("j");
    press("Enter");
    expect(onOpen).toHaveBeenLastCalledWith(ROWS[1]);
    fireEvent.click(screen.getByText("r3"));
    expect(onOpen).toHaveBeenLastCalledWith(ROWS[3]);
    press("a");
    expect(onRowKey).toHaveBeenCalledWith("a", ROWS[3]);
    press("a", { ctrlKey: true });
    expect(onRowKey).toHaveBeenCalledTimes(1);
  });

  it("selects with x, a range with shift, all with Ctrl and a", () => {
    render(<Grid rows={ROWS.slice(0, 5)} />);
    press("x");
    expect(chosen()).toBe(1);
    press("ArrowDown", { shiftKey: true });
    expect(chosen()).toBe(2);
    press("a", { ctrlKey: true });
    expect(chosen()).toBe(5);
  });

  it("reaches the buttons of a row with the arrows, and comes back", () => {
    render(<Grid rows={ROWS.slice(0, 3)} />);
    grid().focus();
    press("ArrowRight");
    fireEvent.keyDown(document.activeElement ?? grid(), { key: "ArrowRight" });
    expect(document.activeElement?.textContent).toBe("row 0");
    fireEvent.keyDown(document.activeElement ?? grid(), { key: "Escape" });
    expect(document.activeElement).toBe(grid());
  });

  it("leaves the letter after g to the page, and all letters when they are switched off", () => {
    const onRowKey = vi.fn(() => true);
    render(<Grid onRowKey={onRowKey} />);
    press("g");
    press("a");
    expect(onRowKey).not.toHaveBeenCalledWith("a", ROWS[0]);
    press("a");
    expect(onRowKey).toHaveBeenCalledWith("a", ROWS[0]);
    localStorage.setItem("apisentinel.keys", "false");
    press("j");
    expect(active()).toContain("r0");
    press("ArrowDown");
    expect(active()).toContain("r1");
    localStorage.removeItem("apisentinel.keys");
  });

  it("sorts by a column, the other way the second time", () => {
    const onSort = vi.fn();
    render(<Grid onSort={onSort} />);
    expect(screen.getByRole("columnheader", { name: "Id" }).getAttribute("aria-sort")).toBe("descending");
    fireEvent.click(screen.getByRole("button", { name: "Id" }));
    expect(onSort).toHaveBeenCalledWith("id");
  });

  it("asks for more near the end, and not again when nothing came", () => {
    const loadMore = vi.fn();
    const few = ROWS.slice(0, 10);
    const { rerender } = render(<Grid rows={few} loadMore={loadMore} />);
    const asked = loadMore.mock.calls.length;
    expect(asked).toBeGreaterThan(0);
    for (let at = 0; at < 3; at += 1) rerender(<Grid rows={few} loadMore={() => loadMore()} />);
    expect(loadMore).toHaveBeenCalledTimes(asked);
  });

  it("is a plain table on demand", () => {
    render(<Grid rows={ROWS.slice(0, 7)} />);
    fireEvent.click(screen.getByRole("button", { name: "View as table" }));
    expect(screen.getByRole("table")).toBeTruthy();
    expect(screen.getAllByRole("row").length).toBe(8);
  });
});

describe("keys of a list", () => {
  it("stay inside it", () => {
    expect(keyAction(key("j"), { at: 9, count: 10, page: 5 })).toMatchObject({ to: 9 });
    expect(keyAction(key("PageUp"), { at: 2, count: 10, page: 5 })).toMatchObject({ to: 0 });
    expect(keyAction(key("q"), { at: 2, count: 10, page: 5 })).toBeNull();
    expect(keyAction({ ...key("k"), ctrlKey: true }, { at: 2, count: 10, page: 5 })).toBeNull();
  });
});
