import { cleanup, configure } from "@testing-library/react";
import { afterEach, beforeEach, vi } from "vitest";
import { forgetAll } from "../api/known";

// How long a slow machine may take; a fast one does not wait.
configure({ asyncUtilTimeout: 15_000 });

// jsdom lays nothing out: every box is this large, and nothing ever changes its size.
const BOX = { x: 0, y: 0, top: 0, left: 0, width: 640, height: 300, right: 640, bottom: 300 };

class StillObserver implements ResizeObserver {
  observe(): void {
    // Nothing to tell: sizes do not change here.
  }
  unobserve(): void {
    // Nothing was promised.
  }
  disconnect(): void {
    // Nothing runs.
  }
}

beforeEach(() => {
  vi.stubGlobal("ResizeObserver", StillObserver);
  vi.spyOn(HTMLCanvasElement.prototype, "getContext").mockReturnValue(null);
  vi.spyOn(HTMLElement.prototype, "getBoundingClientRect").mockReturnValue({
    ...BOX,
    toJSON: () => BOX,
  });
});

afterEach(() => {
  cleanup();
  forgetAll();
  vi.unstubAllGlobals();
  localStorage.clear();
  delete document.documentElement.dataset["theme"];
  window.history.replaceState(null, "", "/");
});
