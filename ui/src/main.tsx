import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { App } from "./app/App.tsx";
import { applyLook } from "./app/theme.ts";
import "./styles/tokens.css";
import "./styles/base.css";
import "./app/app.css";

applyLook();
const root = document.getElementById("root");
if (root === null) throw new Error("the page has no root");
createRoot(root).render(
  <StrictMode>
    <App />
  </StrictMode>,
);
