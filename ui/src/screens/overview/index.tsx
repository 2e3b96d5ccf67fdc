import { PageHead } from "../../components/Panel.tsx";

export default function Screen() {
  return (
    <div className="screen">
      <PageHead title="overview" />
    </div>
  );
}
