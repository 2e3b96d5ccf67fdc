import { type ComponentType, lazy } from "react";
import type { Key } from "../i18n/index.ts";
import type { NavIconName } from "./NavIcon.tsx";

export interface ScreenRoute {
  readonly path: string;
  readonly screen: ComponentType;
  readonly load: () => Promise<unknown>;
}

function route(path: string, load: () => Promise<{ default: ComponentType }>): ScreenRoute {
  return { path, screen: lazy(load), load };
}

const settings = route("/settings", () => import("../screens/settings/index.tsx"));

/** Every screen and its address; each is loaded when it is first wanted. */
export const ROUTES: readonly ScreenRoute[] = [
  route("/", () => import("../screens/overview/index.tsx")),
  route("/incidents", () => import("../screens/incidents/index.tsx")),
  route("/incidents/:id", () => import("../screens/incident/index.tsx")),
  route("/alerts", () => import("../screens/alerts/index.tsx")),
  route("/entities", () => import("../screens/entities/index.tsx")),
  route("/entities/:kind/:id", () => import("../screens/entity/index.tsx")),
  route("/endpoints", () => import("../screens/endpoints/index.tsx")),
  route("/endpoints/:id", () => import("../screens/endpoint/index.tsx")),
  route("/explorer", () => import("../screens/explorer/index.tsx")),
  route("/models", () => import("../screens/models/index.tsx")),
  settings,
  { ...settings, path: "/settings/:section" },
  route("/start", () => import("../screens/firstrun/index.tsx")),
];

/** The screen of an address below the base of the page. */
export function routeOf(path: string): ScreenRoute | undefined {
  const steps = path.split("/");
  return ROUTES.find((each) => {
    const wanted = each.path.split("/");
    return wanted.length === steps.length && wanted.every((step, at) => (step.startsWith(":") ? steps[at] !== "" : step === steps[at]));
  });
}

export interface NavItem {
  readonly path: string;
  readonly title: Key;
  readonly icon: NavIconName;
  /** Pressed after `g`. */
  readonly key: string;
}

/** The rail, in the order in which an analyst works. */
export const NAV: readonly NavItem[] = [
  { path: "/", title: "nav.overview", icon: "overview", key: "o" },
  { path: "/incidents", title: "nav.incidents", icon: "incidents", key: "i" },
  { path: "/alerts", title: "nav.alerts", icon: "alerts", key: "a" },
  { path: "/entities", title: "nav.entities", icon: "entities", key: "e" },
  { path: "/endpoints", title: "nav.endpoints", icon: "endpoints", key: "n" },
  { path: "/explorer", title: "nav.explorer", icon: "explorer", key: "x" },
  { path: "/models", title: "nav.models", icon: "models", key: "m" },
  { path: "/settings", title: "nav.settings", icon: "settings", key: "s" },
];

/** The item of the rail that an address belongs to. */
export function navOf(path: string): NavItem | undefined {
  return NAV.find((each) => each.path === path || (each.path !== "/" && path.startsWith(`${each.path}/`)));
}
