import { toast } from "../components/Toast.tsx";
import { t } from "../i18n/index.ts";
import { absolute } from "../state/range.ts";
import { hrefWith, parseUrl } from "../state/url.ts";

const done = () => toast(t("top.linkcopied"), { tone: "good" });
const failed = () => toast(t("top.linknotcopied"));

/** Copies an address that shows the same tomorrow: a period that moves is made to stand still. */
export function copyView(): void {
  const { origin, pathname, search } = window.location;
  const state = parseUrl(search);
  const link = origin + hrefWith(pathname, { ...state, range: absolute(state.range, Date.now()) });
  if (!navigator.clipboard) failed();
  else navigator.clipboard.writeText(link).then(done, failed);
}
