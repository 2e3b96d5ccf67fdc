import { classes } from "../../components/classes.ts";
import { Untrusted } from "../../components/Untrusted.tsx";
import "./endpoints.css";

/** A method; the ones that change something stand out. */
export function Method({ method }: { method: string | null }) {
  if (method === null) return <span className="muted">–</span>;
  const kind = method === "DELETE" ? "delete" : ["POST", "PUT", "PATCH"].includes(method) ? "write" : "read";
  return <span className={`method method-${kind}`}><Untrusted text={method} most={12} /></span>;
}

/** A share that is coloured when it is unusual. */
export function Share({ value, warn, bad, text }: { value: number; warn: number; bad: number; text: string }) {
  return <span className={classes("num", value >= bad ? "share-bad" : value >= warn ? "share-warn" : value === 0 && "muted")}>{text}</span>;
}
