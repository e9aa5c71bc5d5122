// Renders chat templates with @huggingface/jinja, where jinja2 is not at hand. Input and output are those of render.py.
import { readFileSync } from "node:fs";
import { Template } from "@huggingface/jinja";

const work = JSON.parse(readFileSync(0, "utf8"));
const names = { B: { month: "long" }, b: { month: "short" }, A: { weekday: "long" } };

function format(now, pattern) {
  return pattern.replace(/%(.)/g, (_, letter) => {
    if (names[letter]) return now.toLocaleString("en-US", names[letter]);
    const parts = { Y: now.getFullYear(), m: now.getMonth() + 1, d: now.getDate(), H: now.getHours(), M: now.getMinutes(), S: now.getSeconds() };
    return String(parts[letter]).padStart(2, "0");
  });
}

const results = {};
for (const [name, source] of Object.entries(work.templates)) {
  results[name] = work.cases.map((values) => {
    try {
      const template = new Template(source);
      return { text: template.render({ ...structuredClone(values), strftime_now: (pattern) => format(new Date(work.now), pattern) }) };
    } catch (error) {
      return { error: String(error) };
    }
  });
}
process.stdout.write(JSON.stringify(results));
