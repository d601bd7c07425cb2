import type { Frame } from "./cpu-profile.ts";

const WIDTH = 1_400;
const ROW = 17;
/** Narrower than this nothing can be seen. */
const LEAST_WIDTH = 0.4;
const CHARACTER = 6.6;

/** A self-contained SVG: time from left to right, callers above callees; a pointer on a box shows what it is. */
export function flameGraph(tree: Frame, title: string): string {
  const boxes: string[] = [];
  const scale = WIDTH / Math.max(1, tree.totalMicros);
  let deepest = 0;
  const draw = (frame: Frame, x: number, depth: number): void => {
    const width = frame.totalMicros * scale;
    if (width < LEAST_WIDTH) return;
    deepest = Math.max(deepest, depth);
    boxes.push(box(frame, x, depth, width, (frame.totalMicros / tree.totalMicros) * 100));
    let left = x;
    for (const child of frame.children.toSorted((a, b) => b.totalMicros - a.totalMicros)) {
      draw(child, left, depth + 1);
      left += child.totalMicros * scale;
    }
  };
  draw(tree, 0, 1);
  const height = (deepest + 2) * ROW;
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" font-family="monospace" font-size="11">
<title>${escapeXml(title)}</title>
<rect width="100%" height="100%" fill="#fff"/>
<text x="4" y="12">${escapeXml(title)}</text>
${boxes.join("\n")}
</svg>
`;
}

function box(
  { name, place, totalMicros }: Frame,
  x: number,
  depth: number,
  width: number,
  percent: number,
): string {
  const hint = `${name} ${place} · ${(totalMicros / 1e3).toFixed(1)} ms · ${percent.toFixed(1)} %`;
  const text =
    name.length * CHARACTER < width - 4
      ? `<text x="${(x + 2).toFixed(1)}" y="12">${escapeXml(name)}</text>`
      : "";
  return (
    `<g transform="translate(0 ${depth * ROW})"><title>${escapeXml(hint)}</title>` +
    `<rect x="${x.toFixed(1)}" width="${width.toFixed(1)}" height="${ROW - 1}" fill="${colour(place)}"/>${text}</g>`
  );
}

/** Ours, of others, Node's, native. */
function colour(place: string): string {
  if (place.startsWith("packages/")) return "#f4a261";
  if (place.startsWith("node:")) return "#a8c686";
  return place === "" ? "#cfd2d6" : "#8ecae6";
}

function escapeXml(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
}
