import { QueryCache, QueryClient } from "@tanstack/react-query";
import { needsSignIn } from "./failure";

/** The client of all questions. A reader who is no longer known is asked who they are again. */
export function createClient(): QueryClient {
  const client: QueryClient = new QueryClient({
    queryCache: new QueryCache({
      onError: (failure) => {
        if (needsSignIn(failure)) void client.invalidateQueries({ queryKey: ["session"] });
      },
    }),
    defaultOptions: {
      queries: {
        // The page's own timers try again, and say so; loopback needs no network to be "online".
        retry: false,
        networkMode: "always",
        refetchOnReconnect: "always",
      },
    },
  });
  return client;
}
