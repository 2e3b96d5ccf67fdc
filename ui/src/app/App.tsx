export function App() {
  return <main>API Sentinel</main>;
}
