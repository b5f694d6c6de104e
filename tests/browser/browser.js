// The browser, and how one waits for the page in it.
import { createRequire } from "node:module";

const require = createRequire(process.env.FLOWIMPORT_MODULES + "/node_modules/");
const { chromium } = require("playwright-core");
export const axe_path = require.resolve("axe-core/axe.min.js");

export const browser_open = () => chromium.launch({ executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium", args: ["--disable-dev-shm-usage", "--disable-gpu", "--renderer-process-limit=1"] });

// Until every panel has its answer.
export const settled = (page) => page.waitForFunction(() => document.querySelector("main h1") &&
    ![...document.querySelectorAll("[aria-busy], .waiting")].some((element) => element.offsetParent));
