import { useSession } from "../../app/session.ts";

/** Who looks at the page, and what they may do. */
export function useMe() {
  const { me } = useSession();
  return { me: me?.name ?? null, may: (permission: string) => me?.permissions.includes(permission) ?? false };
}
