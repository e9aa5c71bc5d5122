import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { App, fetchPage } from "./App";
import { live } from "./api/live";

// What takes longest is asked for first.
void live.start();
fetchPage(location.pathname);
const draw = () =>
  createRoot(document.getElementById("root")!).render(
    <StrictMode>
      <App />
    </StrictMode>,
  );
// The first frame is painted before it is replaced; what cannot be seen is not painted at all.
if (document.visibilityState === "visible") requestAnimationFrame(() => setTimeout(draw));
else draw();
