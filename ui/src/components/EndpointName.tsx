import { t } from "../i18n/index.ts";
import { Untrusted } from "./Untrusted.tsx";

/** Method and host come first in the name of an endpoint; what tells one from another is the path. */
const PARTS = /^(\S{1,20}) (\S+) (.+)$/s;

/** All paths that belong to no route are one endpoint. */
const UNKNOWN = "{unknown}";

/** An endpoint as people know it: method and path, then where it lives. */
export function EndpointName({ id, most = 90, mono = false }: { id: string; most?: number; mono?: boolean }) {
  const [, method, host, path] = PARTS.exec(id) ?? [];
  if (method === undefined || host === undefined || path === undefined) return <Untrusted text={id} most={most} mono={mono} />;
  return (
    <>
      <Untrusted text={path === UNKNOWN ? `${method} ${t("c.unknownroute")}` : `${method} ${path}`} most={most} mono={mono} /> <span className="endpoint-host"><Untrusted text={host} most={60} /></span>
    </>
  );
}
