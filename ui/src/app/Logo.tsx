/** The mark of the product: a watching eye in a shield. */
export function Logo({ size = 22 }: { size?: number }) {
  return (
    <svg className="logo" width={size} height={size} viewBox="0 0 24 24" aria-hidden="true">
      <path className="logo-shield" d="M12 1.6 20.5 5v6.6c0 5.2-3.5 8.8-8.5 10.8-5-2-8.5-5.6-8.5-10.8V5z" />
      <path className="logo-line" d="M6.4 12h2.7l1.7-4 2.7 7.6 1.6-3.6h2.5" />
    </svg>
  );
}
