import { expect, test } from "vitest";
import { flat } from "../settings/Retention.tsx";
import { facts } from "./shapes.ts";

test("what a bundle says of itself becomes names and texts", () => {
  expect(facts({ requests: 12, learned: { ensemble: { share: 0.123456789, models: ["lof"] } } })).toEqual([
    ["requests", "12"],
    ["learned.ensemble.share", "0.123457"],
    ["learned.ensemble.models", '["lof"]'],
  ]);
});

test("nested settings become dotted names, lists stay whole", () => {
  expect(flat({ server: { port: 8080, hosts: ["a"] }, demo: false })).toEqual([
    ["server.port", 8080],
    ["server.hosts", ["a"]],
    ["demo", false],
  ]);
});
