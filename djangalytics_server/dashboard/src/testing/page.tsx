import { QueryClientProvider } from "@tanstack/react-query";
import { render } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import type { ReactNode } from "react";
import { createClient } from "../api/client";
import { beginAnew } from "../api/project";
import { App } from "../App";

export function renderWithClient(children: ReactNode) {
  const client = createClient();
  const user = userEvent.setup();
  return { user, client, ...render(<QueryClientProvider client={client}>{children}</QueryClientProvider>) };
}

/** The whole page at an address, as a browser opens it. */
export function openPage(search = "", path = "/") {
  window.history.replaceState(null, "", `${path}${search}`);
  beginAnew();
  return renderWithClient(<App />);
}
