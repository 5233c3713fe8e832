import { accessSync, constants, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { delimiter, join } from "node:path";
import { chromium, type Browser, type Page } from "playwright-core";
import { itWhen } from "./skip";

/* Pages that commands write, opened in the system's own browser; whoever imports this has one for the test file. */

/** The system's own browser; none is downloaded. */
function browserOnPath(): string | undefined {
  const names = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"];
  return (process.env.PATH ?? "")
    .split(delimiter)
    .flatMap((directory) => names.map((name) => join(directory, name)))
    .find((file) => {
      try {
        accessSync(file, constants.X_OK);
        return true;
      } catch {
        return false;
      }
    });
}
const executablePath = browserOnPath();
/** A test that needs a browser, whose page `wrongs` opens. */
export const itInBrowser = itWhen(executablePath !== undefined, "there is no Chromium on PATH");

/** Screens that a page is read on; with REPORT_SHOTS the test leaves a picture of each there. */
const SCREENS = [
  { name: "light", width: 1200, colorScheme: "light" },
  { name: "dark", width: 1200, colorScheme: "dark" },
  { name: "narrow", width: 400, colorScheme: "light" },
  { name: "print", width: 1000, colorScheme: "light", media: "print" },
] as const;
const SHOTS = process.env.REPORT_SHOTS;
const AXE = readFileSync(require.resolve("axe-core"), "utf8");

interface Violation {
  readonly id: string;
  readonly nodes: readonly { readonly html: string }[];
}
const violations = (page: Page): Promise<string[]> =>
  page.evaluate(async () => {
    const { axe } = globalThis as unknown as { axe: { run: () => Promise<{ violations: Violation[] }> } };
    const found = await axe.run();
    return found.violations.map(({ id, nodes }) => `${id}: ${nodes[0]?.html ?? ""}`);
  });

let browser: Browser | undefined;
beforeAll(async () => {
  if (executablePath !== undefined) browser = await chromium.launch({ executablePath, args: ["--no-sandbox"] });
});
afterAll(() => browser?.close());

/** What is wrong with a page on any screen. */
export async function wrongs(name: string, html: string): Promise<string[]> {
  const wrong: string[] = [];
  for (const { name: screen, width, colorScheme, ...more } of SCREENS) {
    const context = await browser!.newContext({ viewport: { width, height: 800 }, colorScheme });
    const page = await context.newPage();
    page.on("request", (request) => {
      if (request.url() !== "about:blank") wrong.push(`${name}, ${screen}: asks for ${request.url()}`);
    });
    if ("media" in more) await page.emulateMedia({ media: more.media, colorScheme });
    await page.setContent(html);
    if (SHOTS !== undefined) {
      mkdirSync(SHOTS, { recursive: true });
      writeFileSync(join(SHOTS, `${name}-${screen}.png`), await page.screenshot({ fullPage: name !== "large" }));
    }
    const wide = await page.evaluate<number>("document.documentElement.scrollWidth");
    if (wide > width) wrong.push(`${name}, ${screen}: ${wide} pixels wide`);
    await page.evaluate(AXE);
    wrong.push(...(await violations(page)).map((one) => `${name}, ${screen}: ${one}`));
    await context.close();
  }
  return wrong;
}
