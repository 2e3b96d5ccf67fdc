import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { cleanup, fireEvent, render, screen } from "@testing-library/react";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { Payload } from "./Payload.tsx";
import { FilterScope, Value } from "./Value.tsx";

beforeEach(() => window.history.replaceState(null, "", "/explorer"));
afterEach(cleanup);

const shown = (element: React.ReactElement) => render(<QueryClientProvider client={new QueryClient()}>{element}</QueryClientProvider>);

/** Whether a text holds characters that cannot be seen or that turn others around. */
const hides = (text: string | null) =>
  [...(text ?? "")].some((sign) => {
    const code = sign.codePointAt(0) ?? 0;
    return code < 0x20 || (code >= 0x200b && code <= 0x200f) || (code >= 0x202a && code <= 0x202e) || (code >= 0x2066 && code <= 0x2069);
  });

const NASTY = [
  "<script>alert(1)</script>",
  "<img src=x onerror=alert(1)>",
  "javascript:alert(1)",
  "\"><svg/onload=alert(1)>",
  "{{constructor.constructor('alert(1)')()}}",
  "https://evil.example/",
  "\u202egnp.exe\u0000\u200b",
];

describe("values of strangers", () => {
  it.each(NASTY)("are text only: %j", (text) => {
    const { container } = shown(<Value field="user_agent" value={text} />);
    expect(container.querySelectorAll("script, img, svg[onload], a").length).toBe(0);
    expect(container.querySelector("bdi")).toBeTruthy();
    expect(hides(container.textContent)).toBe(false);
    if (!hides(text)) expect(container.textContent).toContain(text);
  });

  it.each(NASTY)("are text in a payload too: %j", (text) => {
    const { container } = shown(<Payload text={text} match={text} />);
    expect(container.querySelectorAll("script, img, a, svg[onload]").length).toBe(0);
    expect(container.querySelector("mark")).toBeTruthy();
  });

  it("are cut, with the length that is left", () => {
    const { container } = shown(<Value field="path" value={"a".repeat(9000)} most={50} />);
    expect(container.textContent).toContain("(+8,950)");
    expect((container.textContent ?? "").length).toBeLessThan(200);
  });

  it("filter by a click, and are kept out by the menu", () => {
    shown(<Value field="client" kind="client" value="203.0.113.9" />);
    fireEvent.click(screen.getByText("203.0.113.9"));
    expect(decodeURIComponent(window.location.search)).toContain("f=client:eq:203.0.113.9");
    fireEvent.click(screen.getByRole("button", { name: "Actions for 203.0.113.9" }));
    fireEvent.click(screen.getByRole("menuitem", { name: "Filter out" }));
    expect(decodeURIComponent(window.location.search)).toContain("f=client:ne:203.0.113.9");
  });

  it("filter lists by what they hold", () => {
    shown(<Value field="attack_types" value="sqli" />);
    fireEvent.click(screen.getByText("sqli"));
    expect(decodeURIComponent(window.location.search)).toContain("f=attack_types:has:sqli");
  });

  it("lead to their page where nothing can be filtered", () => {
    shown(<FilterScope fields={[]}><Value field="client" kind="client" value="2001:db8::1/x" /></FilterScope>);
    const link = screen.getByRole("link");
    expect(link.getAttribute("href")).toMatch(/^\/entities\/client\/~[A-Za-z0-9_-]+$/);
  });

  it("give the focus back when their menu is closed", () => {
    shown(<Value field="client" value="a.example" />);
    const button = screen.getByRole("button", { name: "Actions for a.example" });
    fireEvent.click(button);
    const items = screen.getAllByRole("menuitem");
    expect(document.activeElement).toBe(items[0]);
    fireEvent.keyDown(items[0] as HTMLElement, { key: "ArrowDown" });
    expect(document.activeElement).toBe(items[1]);
    fireEvent.keyDown(items[1] as HTMLElement, { key: "Escape" });
    expect(screen.queryByRole("menu")).toBeNull();
    expect(document.activeElement).toBe(button);
  });
});

describe("payloads", () => {
  it("begin with the view in which the match is seen", () => {
    const { container } = shown(<Payload text="/q?x=%27%20or%201%3D1" match="' or 1=1" where="query x" />);
    expect(container.querySelector("mark")?.textContent).toBe("' or 1=1");
    fireEvent.click(screen.getByRole("button", { name: "As received" }));
    expect(container.querySelector("pre")?.textContent).toBe("/q?x=%27%20or%201%3D1");
  });
});
