/** The part of the page that needs the chart library; loaded beside the app, as one file. */

export { default as CountBars } from "./CountBars";
export { default as ShareRing } from "./ShareRing";
export { default as TrendLines } from "./TrendLines";
