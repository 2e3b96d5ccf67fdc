import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { lazy, Suspense, useEffect } from "react";
import { Router } from "wouter";
import { ApiError } from "../api/client.ts";
import { Loading } from "../components/States.tsx";
import { basePath } from "./base.ts";
import { routeOf } from "./routes.tsx";
import { Shell } from "./Shell.tsx";
import { begin, useSession } from "./session.ts";

const Login = lazy(() => import("../screens/login/index.tsx"));

/** Attempts of a question after the first; refusals are not asked again. */
const ATTEMPTS = 2;

const client = new QueryClient({
  defaultOptions: {
    queries: {
      staleTime: 2_000,
      gcTime: 300_000,
      refetchOnWindowFocus: true,
      retry: (count, error) =>
        count < ATTEMPTS && !(error instanceof ApiError && error.status >= 400 && error.status < 500),
    },
    mutations: { retry: false },
  },
});

const base = basePath().replace(/\/$/, "");

/** The page: who is there decides what is shown. */
export function App() {
  useEffect(() => {
    // While the service says who is there, the screen of the address is fetched.
    routeOf(window.location.pathname.slice(base.length))?.load().catch(() => {});
    void begin();
  }, []);
  return (
    <QueryClientProvider client={client}>
      <Router base={base}>
        <Gate />
      </Router>
    </QueryClientProvider>
  );
}

function Gate() {
  const { standing } = useSession();
  if (standing === "asking") return null;
  if (standing === "in" || standing === "ended") return <Shell />;
  return (
    <Suspense fallback={<Loading />}>
      <Login />
    </Suspense>
  );
}
