/// <reference types="vitest/config" />
import react from "@vitejs/plugin-react";
import { defineConfig } from "vite";
import { pagePlugins } from "./plugins/index.ts";

/** Address of a running service, for the development server only. */
const service = process.env["APISENTINEL_URL"] ?? "http://127.0.0.1:8000";

export default defineConfig({
  // Relative addresses: the server inserts <base href>, so the page works below any path.
  base: "./",
  plugins: [react(), ...pagePlugins()],
  build: {
    outDir: "../src/apisentinel/_ui",
    emptyOutDir: true,
    manifest: true,
    // One small style sheet: a dozen of them would each cost a round trip before the first chart.
    cssCodeSplit: false,
    target: "es2023",
    // Fonts and pictures as files: data addresses would need a wider policy.
    assetsInlineLimit: 0,
    // The polyfill of module preloading is written into the page by script; browsers of our target have it.
    modulePreload: { polyfill: false },
    rolldownOptions: {
      output: {
        entryFileNames: "assets/[name]-[hash].js",
        chunkFileNames: "assets/[name]-[hash].js",
        assetFileNames: "assets/[name]-[hash][extname]",
        // Few files instead of many small ones: each costs a round trip. A screen needs its own and the parts,
        // among which are the charts: the first screens that anybody opens have some.
        codeSplitting: {
          includeDependenciesRecursively: false,
          groups: [
            { name: "base", test: /src\/(api\/client|app\/base|i18n\/)|preload-helper/ },
            {
              name: "parts",
              test: /components\/(Badges|ChartTable|Chip|chartColor|chartPicture|chartText|clipboard|Contributions|DataGrid|Drawer|EndpointName|FacetList|FilterBar|Payload|PlainTable|Severity|Sparkline|StackedBars|Tabs|Time|TimeChart|TopValues|Untrusted|Value|DetectorName|decode|gridKeys|inGrid|useMedia)\.tsx?$|node_modules\/uplot|@tanstack\/(react-)?virtual|src\/screens\/triage\//,
            },
          ],
        },
      },
    },
  },
  server: {
    proxy: { "/api": { target: service, ws: true } },
  },
  test: {
    environment: "happy-dom",
    include: ["src/**/*.test.{ts,tsx}"],
    // Style sheets are empty in tests unless asked for, even read as text.
    css: { include: [/\?raw$/] },
  },
});
