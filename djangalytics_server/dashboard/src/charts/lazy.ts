import { lazy } from "react";

// Asked for as soon as the app runs, not when the numbers are there.
const charts = import("./charts");

export const CountBars = lazy(async () => ({ default: (await charts).CountBars }));
export const ShareRing = lazy(async () => ({ default: (await charts).ShareRing }));
export const TrendLines = lazy(async () => ({ default: (await charts).TrendLines }));
