import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { App, fetchPage } from "./App";
import { live } from "./api/live";

// What takes longest is asked for first.
void live.start();
fetchPage(location.pathname);
createRoot(document.getElementById("root")!).render(
  <StrictMode>
    <App />
  </StrictMode>,
);
