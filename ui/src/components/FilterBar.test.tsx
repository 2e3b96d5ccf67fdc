import { cleanup, fireEvent, render, screen } from "@testing-library/react";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { FIELDS } from "../state/filters.ts";
import { FacetList } from "./FacetList.tsx";
import { FilterBar, suggest } from "./FilterBar.tsx";

beforeEach(() => window.history.replaceState(null, "", "/incidents"));
afterEach(cleanup);

const query = () => decodeURIComponent(window.location.search.replaceAll("+", " "));
const first = (text: string) => suggest(text, FIELDS.events, {})[0]?.filter;

describe("filters", () => {
  it("complete fields, then values, and take them with Enter", () => {
    render(<FilterBar fields={FIELDS.incidents} facets={{ severity: [{ value: "CRITICAL", count: 4 }] }} />);
    const field = screen.getByRole("combobox");
    fireEvent.focus(field);
    fireEvent.change(field, { target: { value: "sever" } });
    fireEvent.keyDown(field, { key: "Enter" });
    expect((field as HTMLInputElement).value).toBe("severity:");
    fireEvent.keyDown(field, { key: "Enter" });
    expect(query()).toContain("f=severity:eq:CRITICAL");
  });

  it("understand a whole condition, and an address alone", () => {
    expect(first("status:gte:500")).toEqual({ field: "status", op: "gte", value: "500" });
    expect(first("203.0.113.9")).toEqual({ field: "client", op: "eq", value: "203.0.113.9" });
    expect(first("203.0.113.0/24")).toEqual({ field: "client", op: "cidr", value: "203.0.113.0/24" });
    expect(first("path:a:b:c")).toEqual({ field: "path", op: "eq", value: "a:b:c" });
  });

  it("go away one by one", () => {
    window.history.replaceState(null, "", "/incidents?f=severity:eq:HIGH&f=status:ne:resolved");
    render(<FilterBar fields={FIELDS.incidents} />);
    fireEvent.click(screen.getByRole("button", { name: "Remove filter Severity is HIGH" }));
    expect(query()).toBe("?f=status:ne:resolved");
  });
});

describe("facets", () => {
  it("filter for a value, keep one out, and take the filter away", () => {
    render(<FacetList field="status" values={[{ value: "open", count: 3 }, { value: "resolved", count: 1 }]} />);
    fireEvent.click(screen.getByRole("button", { name: /^Open/ }));
    expect(query()).toContain("f=status:eq:open");
    fireEvent.click(screen.getByRole("button", { name: "Filter out Resolved" }));
    expect(query()).toContain("f=status:ne:resolved");
    fireEvent.click(screen.getByRole("button", { name: /^Open/ }));
    expect(query()).not.toContain("status:eq:open");
  });

  it("show values of strangers as text", () => {
    const { container } = render(<FacetList field="user_agent" values={[{ value: "<img src=x onerror=alert(1)>\u202e", count: 3 }]} />);
    expect(container.querySelector("img")).toBeNull();
    expect(container.textContent).toContain("\\u202e");
  });
});
