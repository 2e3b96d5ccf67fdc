import { useId, useMemo, useState } from "react";
import { Button } from "./Button.tsx";
import { copyText } from "./clipboard.ts";
import { layers, type Layer, locate } from "./decode.ts";
import { number } from "./format.ts";
import { Pieces } from "./Untrusted.tsx";
import { clip, defanged } from "./visible.ts";
import { t } from "../i18n/index.ts";
import "./Payload.css";

const SHORT = 1200;
const LONGEST = 8192;

const STEP_NAMES: Record<Layer["step"], string> = { url: "URL", html: "HTML", unicode: "Unicode", base64: "Base64" };

/** What somebody sent: as received and with its layers taken off, the matched part marked. */
export function Payload({ text, match, chain, where }: {
  text: string; match?: string | undefined; where?: string | undefined;
  /** How it was written and what it became, layer by layer, when the service knows. */
  chain?: readonly string[] | undefined;
}) {
  const views = useMemo(() => viewsOf(text, chain), [text, chain]);
  const marked = views.findIndex((view) => match && locate(view.text, match));
  const [chosen, setChosen] = useState<number | null>(null);
  const [whole, setWhole] = useState(false);
  const id = useId();
  const at = Math.min(chosen ?? (marked >= 0 ? marked : views.length - 1), views.length - 1);
  const view = views[at] ?? { title: t("c.raw"), text };
  const { shown, left } = clip(view.text, whole ? LONGEST : SHORT);
  return (
    <div className="payload">
      <div className="payload-head">
        <span>{where && t("c.matched", { where })}</span>
        {views.length > 1 && (
          <span className="payload-views no-print" role="group" aria-label={t("c.decoded")}>
            {views.map((each, index) => (
              <Button key={each.title} small look="quiet" aria-pressed={index === at} aria-controls={id} onClick={() => setChosen(index)}>{each.title}</Button>
            ))}
          </span>
        )}
        <Button small look="quiet" icon="copy" aria-label={t("c.copydefanged")} onClick={() => copyText(defanged(view.text))} />
      </div>
      <pre id={id} tabIndex={0} aria-label={view.title}>
        <bdi><Marked text={shown} match={match} /></bdi>
        {left > 0 && <span className="cut"> … (+{number(left)})</span>}
      </pre>
      {match && !locate(shown, match) && (
        <pre aria-label={t("c.matchedpart")}><mark><bdi><Pieces text={clip(match, SHORT).shown} /></bdi></mark></pre>
      )}
      {left > 0 && !whole && <span><Button small onClick={() => setWhole(true)}>{t("c.showall", { n: number(Math.min(view.text.length, LONGEST)) })}</Button></span>}
    </div>
  );
}

interface View {
  title: string;
  text: string;
}

function viewsOf(text: string, chain: readonly string[] | undefined): View[] {
  if (chain !== undefined && chain.length > 1) {
    return chain.map((each, at) => ({ title: at === 0 ? t("c.raw") : t("c.layer", { n: at }), text: each }));
  }
  const out: View[] = [{ title: t("c.raw"), text }];
  const names: string[] = [];
  for (const layer of layers(text)) {
    names.push(STEP_NAMES[layer.step]);
    out.push({ title: names.join(" → "), text: layer.text });
  }
  return out;
}

/** A text with the part that was found in it marked. */
export function Marked({ text, match }: { text: string; match?: string | undefined }) {
  const place = match ? locate(text, match) : null;
  if (!place) return <Pieces text={text} />;
  return (
    <>
      <Pieces text={text.slice(0, place.from)} />
      <mark><Pieces text={text.slice(place.from, place.to)} /></mark>
      <Pieces text={text.slice(place.to)} />
    </>
  );
}
