import type { Report } from "../report";

/** The whole report. `schema` grows when a reader would have to change; docs/report.md names every key. */
export const renderJson = (report: Report): string => `${JSON.stringify({ schema: 1, ...report }, null, 2)}\n`;
