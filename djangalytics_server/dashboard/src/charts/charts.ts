/** The part of the page that needs the chart library; loaded beside the app, as one file. */

export { CountBars } from "./CountBars";
export { ShareRing } from "./ShareRing";
export { TrendLines } from "./TrendLines";
