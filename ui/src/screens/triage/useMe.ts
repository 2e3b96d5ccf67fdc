import { useQuery } from "@tanstack/react-query";
import { get } from "../../api/client.ts";
import type { Me } from "../../api/types.ts";

/** Who looks at the page, and what they may do. */
export function useMe() {
  const { data } = useQuery({ queryKey: ["one", "me", ""], queryFn: ({ signal }) => get<Me>("me", { signal }), staleTime: 60_000 });
  return { me: data?.name ?? null, may: (permission: string) => data?.permissions.includes(permission) ?? true };
}
