import { Fragment } from "react";
import { clip, isUnmarked, visible } from "./visible.ts";
import { t } from "../i18n/index.ts";
import "./Value.css";

/** Text that somebody else wrote: only ever text, with everything hidden in it made visible. */
export function Untrusted({ text, most = 400, mono = false }: { text: string; most?: number; mono?: boolean }) {
  const { shown, left } = clip(text, most);
  if (left === 0 && isUnmarked(shown)) return <bdi className={mono ? "untrusted mono" : "untrusted"}>{shown}</bdi>;
  return (
    <bdi className={mono ? "untrusted mono" : "untrusted"}>
      <Pieces text={shown} />
      {left > 0 && <span className="cut"> … (+{left.toLocaleString("en")})</span>}
    </bdi>
  );
}

/** The pieces of a text without a frame. */
export function Pieces({ text }: { text: string }) {
  return visible(text).map((piece, at) =>
    piece.isMask ? (
      <span key={at} className="mask" title={t("c.mask")}>{piece.text}</span>
    ) : piece.name === undefined ? (
      <Fragment key={at}>{piece.text}</Fragment>
    ) : (
      <span key={at} className="esc" title={piece.name}>{piece.text}</span>
    ),
  );
}
