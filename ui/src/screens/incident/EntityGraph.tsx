import { useMemo, useState } from "react";
import { useLocation } from "wouter";
import { Button } from "../../components/Button.tsx";
import { compact, number } from "../../components/format.ts";
import { Untrusted } from "../../components/Untrusted.tsx";
import { entityPath, pageHref, Value } from "../../components/Value.tsx";
import { visibleText } from "../../components/visible.ts";
import { t } from "../../i18n/index.ts";
import type { Graph } from "./shapes.ts";

const COLUMNS = ["network", "client", "user", "session", "credential", "endpoint"];
const WIDTH = 176;
const GAP = 52;
const ROW = 40;
const BOX = 30;

interface Placed {
  kind: string;
  id: string;
  leading: boolean;
  x: number;
  y: number;
}

/** Nodes in a column for each kind, the busiest in the middle of nothing: in the order they came. */
export function placed(graph: Graph): { nodes: Placed[]; width: number; height: number } {
  const used = COLUMNS.filter((kind) => graph.nodes.some((node) => node.kind === kind));
  const counts = new Map<string, number>();
  const sizes = used.map((kind) => graph.nodes.filter((node) => node.kind === kind).length);
  const tallest = Math.max(1, ...sizes);
  const nodes = graph.nodes.map((node) => {
    const column = Math.max(0, used.indexOf(node.kind));
    const at = counts.get(node.kind) ?? 0;
    counts.set(node.kind, at + 1);
    const free = (tallest - (sizes[column] ?? 1)) * ROW;
    return { ...node, x: column * (WIDTH + GAP), y: free / 2 + at * ROW };
  });
  return { nodes, width: used.length * (WIDTH + GAP) - GAP, height: tallest * ROW };
}

/** Who belongs to whom, by common requests: a picture, or the same as a list. */
export function EntityGraph({ graph }: { graph: Graph }) {
  const [list, setList] = useState(false);
  const [, navigate] = useLocation();
  const { nodes, width, height } = useMemo(() => placed(graph), [graph]);
  const edges = useMemo(() => unique(graph), [graph]);
  const most = Math.max(1, ...edges.map((edge) => edge.requests));
  return (
    <div className="graph">
      <div className="chart-head no-print">
        <span className="legend">{graph.left_out > 0 ? t("tr.graph.left", { n: graph.left_out }) : t("tr.graph.hint")}</span>
        <Button small look="quiet" icon={list ? "chart" : "table"} aria-label={list ? t("c.aschart") : t("c.astable")} aria-pressed={list} onClick={() => setList(!list)} />
      </div>
      {list ? (
        <table className="plain-table">
          <thead><tr><th scope="col">{t("tr.graph.from")}</th><th scope="col">{t("tr.graph.to")}</th><th scope="col" className="end">{t("tr.requests")}</th></tr></thead>
          <tbody>
            {edges.map((edge) => (
              <tr key={`${edge.from}-${edge.to}`}>
                <td><Value kind={nodes[edge.from]?.kind ?? ""} value={nodes[edge.from]?.id} showKind /></td>
                <td><Value kind={nodes[edge.to]?.kind ?? ""} value={nodes[edge.to]?.id} showKind /></td>
                <td className="end num">{number(edge.requests)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      ) : (
        <div className="scroll-x" role="region" aria-label={t("tr.graph")} tabIndex={0}>
          <svg width={width + 4} height={height + 4} viewBox={`-2 -2 ${width + 4} ${height + 4}`}>
            {edges.map((edge) => {
              const a = nodes[edge.from];
              const b = nodes[edge.to];
              if (!a || !b) return null;
              const [left, right] = a.x <= b.x ? [a, b] : [b, a];
              const [x1, y1, x2, y2] = [left.x + WIDTH, left.y + BOX / 2, right.x, right.y + BOX / 2];
              const bend = left.x === right.x ? GAP : (x2 - x1) / 2;
              return <path key={`${edge.from}-${edge.to}`} className="graph-edge" d={`M${x1} ${y1}C${x1 + bend} ${y1} ${x2 - bend} ${y2} ${x2} ${y2}`} strokeWidth={1 + 4 * Math.sqrt(edge.requests / most)}><title>{number(edge.requests)}</title></path>;
            })}
            {nodes.map((node) => {
              const total = edges.reduce((sum, edge) => (nodes[edge.from] === node || nodes[edge.to] === node ? Math.max(sum, edge.requests) : sum), 0);
              const path = entityPath(node.kind, node.id);
              return (
                <a key={`${node.kind} ${node.id}`} href={pageHref(path)} className={node.leading ? "graph-node graph-leading" : "graph-node"} onClick={(event) => {
                  if (event.ctrlKey || event.metaKey || event.shiftKey) return;
                  event.preventDefault();
                  navigate(path);
                }}>
                  <title>{visibleText(node.id, 300)}</title>
                  <rect x={node.x} y={node.y} width={WIDTH} height={BOX} rx="6" />
                  <foreignObject x={node.x} y={node.y} width={WIDTH} height={BOX}>
                    <div className="graph-label"><span className="kind">{node.kind}</span><span className="ellipsis grow"><Untrusted text={node.id} most={40} /></span><span className="num muted">{compact(total)}</span></div>
                  </foreignObject>
                </a>
              );
            })}
          </svg>
        </div>
      )}
    </div>
  );
}

/** Edges once, whichever way they point. */
function unique(graph: Graph): Graph["edges"] {
  const found = new Map<string, Graph["edges"][number]>();
  for (const edge of graph.edges) {
    const [from, to] = edge.from < edge.to ? [edge.from, edge.to] : [edge.to, edge.from];
    const known = found.get(`${from}-${to}`);
    if (!known || known.requests < edge.requests) found.set(`${from}-${to}`, { from, to, requests: edge.requests });
  }
  return [...found.values()];
}
