// Pictures of the main pages: node screenshots.js ADDRESS FOLDER.
import { browser_open, settled } from "./browser.js";

const [, , url, folder] = process.argv;
const TIME = "t=-7h..now";
const LARGE = { width: 1280, height: 960 };
const PICTURES = [
    ["overview", `/?${TIME}`],
    ["overview-dark", `/?${TIME}`, { colorScheme: "dark" }],
    ["overview-phone", `/?${TIME}`, { viewport: { width: 375, height: 740 }, deviceScaleFactor: 2, isMobile: true }],
    ["explore", `/explore?${TIME}&g=src,dst&n=20`],
    ["explore-lines", `/explore?${TIME}&g=dport&v=lines&n=5&c=before`],
    ["explore-heat", `/explore?${TIME}&g=dport&v=heat&n=20`, { colorScheme: "dark" }],
    ["explore-sankey", `/explore?${TIME}&g=src,dport&v=sankey&n=50`],
    ["explore-matrix", `/explore?${TIME}&g=src,dport&v=matrix&n=50`],
    ["flows", `/flows?${TIME}`],
    ["host", `/host/10.0.0.23?${TIME}`],
    ["graph", `/graph?${TIME}&n=60`],
    ["graph-dark", `/graph?${TIME}&n=60`, { colorScheme: "dark" }],
    ["bundle", `/bundle?${TIME}&h=time`],
    ["hive", `/hive?${TIME}`],
    ["pipeline", "/pipeline"],
];

const browser = await browser_open();
for (const [name, path, options] of PICTURES) {
    const context = await browser.newContext({ baseURL: url, viewport: LARGE, timezoneId: "UTC", reducedMotion: "reduce", colorScheme: "light", ...options });
    const page = await context.newPage();
    await page.goto(path);
    await settled(page);
    await page.screenshot({ path: `${folder}/${name}.png` });
    await context.close();
}
await browser.close();
