import { expect, test } from "vitest";
import { ROUTES, routeOf } from "./routes.tsx";

test.each(ROUTES.map((each) => each.path))("the address %s belongs to its own screen", (path) => {
  expect(routeOf(path.replaceAll(/:\w+/g, "x-1"))?.path).toBe(path);
});

test.each(["", "/nothing", "/incidents/", "/incidents/a/b", "//"])("no screen has the address %j", (path) => {
  expect(routeOf(path)).toBeUndefined();
});
