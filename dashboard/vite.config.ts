import { readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { brotliCompressSync, constants, gzipSync } from "node:zlib";
import react from "@vitejs/plugin-react";
import { createElement } from "react";
import { renderToStaticMarkup } from "react-dom/server";
import { type Plugin, runnerImport } from "vite";
import { defineConfig } from "vitest/config";

const packed = /\.(html|js|css|svg)$/;

/** Packs what the build made once, so that the node never has to. */
function pack() {
  return {
    name: "pack",
    apply: "build" as const,
    closeBundle() {
      const walk = (folder: string) => {
        for (const name of readdirSync(folder)) {
          const path = join(folder, name);
          if (statSync(path).isDirectory()) walk(path);
          else if (packed.test(name)) {
            const bytes = readFileSync(path);
            writeFileSync(`${path}.br`, brotliCompressSync(bytes, { params: { [constants.BROTLI_PARAM_QUALITY]: 11 } }));
            writeFileSync(`${path}.gz`, gzipSync(bytes, { level: 9 }));
          }
        }
      };
      walk(join(import.meta.dirname, "dist"));
    },
  };
}

/**
 * Makes the page one file that can be painted as it is, before anything else has come: the first frame is drawn into it, and its style and the script for its
 * colours stand in it. The node's content policy allows these two by their hashes.
 */
function firstFrame(): Plugin {
  const at = (name: string) => join(import.meta.dirname, "src", name);
  return {
    name: "first-frame",
    transformIndexHtml: {
      order: "pre",
      async handler(html, { server }) {
        const { FirstFrame } = (await runnerImport<typeof import("./src/ui/shell")>(at("ui/shell.tsx"))).module;
        const page = html.replace("<!-- first frame -->", () => renderToStaticMarkup(createElement(FirstFrame)));
        if (server) return page;
        return page
          .replace(/<link rel="stylesheet" href="\/src\/styles.css" \/>/, () => `<style>${readFileSync(at("styles.css"), "utf8")}</style>`)
          .replace(/<script vite-ignore src="\/src\/theme.js"><\/script>/, () => `<script>${readFileSync(at("theme.js"), "utf8")}</script>`);
      },
    },
  };
}

export default defineConfig({
  plugins: [react(), firstFrame(), pack()],
  // Nothing else inline: the node's content policy forbids it.
  build: { target: "es2022", assetsInlineLimit: 0, modulePreload: { polyfill: false } },
  // `npm run dev` beside a node at its usual address.
  server: { proxy: { "/v1": "http://127.0.0.1:8420" } },
  test: { environment: "happy-dom", include: ["src/**/*.test.{ts,tsx}"] },
});
