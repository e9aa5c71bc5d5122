import { useEffect, useRef } from "react";
import uPlot from "uplot";
import "uplot/dist/uPlot.min.css";

interface Props {
  label: string;
  at: number[];
  values: (number | null)[];
  format: (value: number | null) => string;
  /** Name of the colour in the style sheet. */
  color: string;
}

const HEIGHT = 168;

/** A line over time. Who cannot see it gets its latest, least and greatest value in words. */
export default function Chart({ label, at, values, format, color }: Props) {
  const box = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot | null>(null);
  const latest = useRef<uPlot.AlignedData>([at, values]);
  latest.current = [at, values];

  useEffect(() => {
    const element = box.current!;
    const build = () => {
      plot.current?.destroy();
      const style = getComputedStyle(element);
      const line = style.getPropertyValue(color).trim();
      const axis = { stroke: style.getPropertyValue("--muted").trim(), grid: { stroke: style.getPropertyValue("--line").trim(), width: 1 }, ticks: { show: false }, font: "11px system-ui" };
      plot.current = new uPlot(
        {
          width: Math.max(element.clientWidth, 100),
          height: HEIGHT,
          legend: { show: false },
          cursor: { y: false, drag: { x: false, y: false } },
          scales: { y: { range: (_, __, max) => [0, max > 0 ? max * 1.15 : 1] } },
          axes: [{ ...axis, size: 30, values: "{HH}:{mm}:{ss}", space: 90 }, { ...axis, size: 52, values: (_, ticks) => ticks.map((tick) => format(tick)) }],
          series: [{}, { stroke: line, width: 2, fill: `${line}22`, points: { show: false }, spanGaps: true }],
        },
        latest.current,
        element,
      );
    };
    build();
    const observer = new ResizeObserver(() => plot.current?.setSize({ width: Math.max(element.clientWidth, 100), height: HEIGHT }));
    observer.observe(element);
    const scheme = matchMedia("(prefers-color-scheme: dark)");
    scheme.addEventListener("change", build);
    window.addEventListener("themechange", build);
    return () => {
      observer.disconnect();
      scheme.removeEventListener("change", build);
      window.removeEventListener("themechange", build);
      plot.current?.destroy();
      plot.current = null;
    };
  }, [color, format]);

  useEffect(() => {
    plot.current?.setData([at, values]);
  }, [at, values]);

  const known = values.filter((value) => value !== null);
  const words = known.length === 0 ? "nothing yet" : `now ${format(known.at(-1)!)}, from ${format(Math.min(...known))} to ${format(Math.max(...known))}`;
  return <div ref={box} className="chart" role="img" aria-label={`${label}: ${words}`} />;
}
