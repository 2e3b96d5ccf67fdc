import { type ComponentType, lazy } from "react";
import type { Key } from "../i18n/index.ts";
import type { NavIconName } from "./NavIcon.tsx";

export interface ScreenRoute {
  readonly path: string;
  readonly screen: ComponentType;
}

const incidents = lazy(() => import("../screens/incidents/index.tsx"));
const settings = lazy(() => import("../screens/settings/index.tsx"));

/** Every screen and its address; each is loaded when it is first wanted. */
export const ROUTES: readonly ScreenRoute[] = [
  { path: "/", screen: lazy(() => import("../screens/overview/index.tsx")) },
  { path: "/incidents", screen: incidents },
  { path: "/incidents/:id", screen: lazy(() => import("../screens/incident/index.tsx")) },
  { path: "/alerts", screen: lazy(() => import("../screens/alerts/index.tsx")) },
  { path: "/entities", screen: lazy(() => import("../screens/entities/index.tsx")) },
  { path: "/entities/:kind/:id", screen: lazy(() => import("../screens/entity/index.tsx")) },
  { path: "/endpoints", screen: lazy(() => import("../screens/endpoints/index.tsx")) },
  { path: "/endpoints/:id", screen: lazy(() => import("../screens/endpoint/index.tsx")) },
  { path: "/explorer", screen: lazy(() => import("../screens/explorer/index.tsx")) },
  { path: "/models", screen: lazy(() => import("../screens/models/index.tsx")) },
  { path: "/settings", screen: settings },
  { path: "/settings/:section", screen: settings },
  { path: "/start", screen: lazy(() => import("../screens/firstrun/index.tsx")) },
];

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
