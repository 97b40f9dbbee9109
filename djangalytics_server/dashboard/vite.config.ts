import react from "@vitejs/plugin-react";
import type { Plugin } from "vite";
import { defineConfig } from "vitest/config";

/** Tells the browser to fetch the charts beside the app, instead of after it has run. */
function fetchChartsEarly(): Plugin {
  return {
    name: "fetch-charts-early",
    apply: "build",
    transformIndexHtml: () => [
      {
        tag: "link",
        attrs: { rel: "modulepreload", href: "/static/charts.js", crossorigin: true },
        injectTo: "head",
      },
    ],
  };
}

export default defineConfig({
  base: "/static/",
  plugins: [react(), fetchChartsEarly()],
  build: {
    outDir: "static",
    emptyOutDir: true,
    target: "es2022",
    // The server sends every file with an ETag, so names need no hashes and old pages find new files.
    modulePreload: false,
    assetsInlineLimit: 0,
    reportCompressedSize: true,
    rolldownOptions: {
      output: {
        entryFileNames: "app.js",
        chunkFileNames: "[name].js",
        assetFileNames: "[name][extname]",
      },
    },
  },
  server: { proxy: { "/api": "http://127.0.0.1:8000" } },
  test: {
    environment: "jsdom",
    setupFiles: ["src/testing/setup.ts"],
    include: ["src/**/*.test.{ts,tsx}"],
    restoreMocks: true,
    isolate: false,
    testTimeout: 30_000,
    env: { TZ: "Europe/Berlin" },
  },
});
