import { PageHead } from "../../components/Panel.tsx";

export default function Screen() {
  return (
    <div className="screen">
      <PageHead title="explorer" />
    </div>
  );
}
