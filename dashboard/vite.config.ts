import { readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { brotliCompressSync, constants, gzipSync } from "node:zlib";
import react from "@vitejs/plugin-react";
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

export default defineConfig({
  plugins: [react(), pack()],
  // Nothing inline: the node's content policy forbids it.
  build: { target: "es2022", assetsInlineLimit: 0, modulePreload: { polyfill: false } },
  // `npm run dev` beside a node at its usual address.
  server: { proxy: { "/v1": "http://127.0.0.1:8420" } },
  test: { environment: "happy-dom", include: ["src/**/*.test.{ts,tsx}"] },
});
