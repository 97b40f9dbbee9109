import { QueryClientProvider } from "@tanstack/react-query";
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { createClient } from "./api/client";
import { App } from "./App";
import "./styles/tokens.css";
import "./styles/base.css";
import "./styles/controls.css";
import "./styles/layout.css";
import "./styles/header.css";
import "./styles/toolbar.css";
import "./styles/tiles.css";
import "./styles/charts.css";
import "./styles/table.css";
import "./styles/capture.css";
import "./styles/feed.css";
import "./styles/delivery.css";
import "./styles/states.css";
import "./styles/settings.css";

const root = document.getElementById("root");
if (root === null) throw new Error("index.html holds no #root");
createRoot(root).render(
  <StrictMode>
    <QueryClientProvider client={createClient()}>
      <App />
    </QueryClientProvider>
  </StrictMode>,
);
