import { describe, expect, it } from "vitest";
import { bytes, compact, dateTime, millis, number, percent, relative, severityOf, signed, span, words } from "./format.ts";

describe("numbers for people", () => {
  it.each([[39, "LOW"], [40, "MEDIUM"], [59, "MEDIUM"], [60, "HIGH"], [79, "HIGH"], [80, "CRITICAL"], [100, "CRITICAL"]])("risk %d is %s", (risk, name) => {
    expect(severityOf(risk)).toBe(name);
  });

  it("says what is not known", () => {
    for (const shown of [number(null), compact(undefined), percent(Number.NaN), bytes(null), millis(null)]) expect(shown).toBe("–");
  });

  it("writes figures short and with a real minus", () => {
    expect([compact(18_204), percent(0.0004), percent(0.262), bytes(11_769_580), millis(5059.2), span(190_000)]).toEqual(["18.2K", "0.04 %", "26 %", "11.8 MB", "5.1 s", "3 min 10 s"]);
    expect([signed(23), signed(-0.2), signed(0)]).toEqual(["+23.0", "−0.2", "±0.0"]);
    expect([words("credential_stuffing"), words("sqli")]).toEqual(["Credential stuffing", "SQL injection"]);
  });

  it("tells times", () => {
    const now = Date.parse("2026-11-21T12:00:00Z");
    expect([relative("2026-11-21T11:56:00Z", now), relative("2026-11-21T12:00:01Z", now), relative("2026-11-18T12:00:00Z", now)]).toEqual(["4 min ago", "just now", "3 d ago"]);
    expect(dateTime("2026-11-21T12:00:00.123Z", { utc: true, ms: true })).toBe("2026-11-21 12:00:00.123");
    expect(dateTime("not a time")).toBe("–");
  });
});
