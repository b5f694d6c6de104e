// Questions to the server. A newer one on the same slot takes the place of the older one, which is broken off.

const slots = new Map();

// The server's clock less ours: what "now" is must not depend on the browser's clock.
let clock_ahead = 0;
export const clock_now = () => Math.floor(Date.now() / 1000 + clock_ahead);
export const clock_set = (now) => (clock_ahead = now - Date.now() / 1000);

// What went wrong, and what can be done about it.
export class ApiError extends Error {
    constructor(text, advice, parameter) {
        super(text);
        this.advice = advice;
        this.parameter = parameter ?? null;
    }
}

const ADVICE = {
    401: "Reload the page to log in.",
    403: "Use a name listed in [http] names.",
    404: "Path not found: the server may be older than this page. Reload the page.",
    429: "Too many failed logins from this address: wait a minute.",
    503: "Choose a shorter period or a narrower filter, or try again.",
};

function error_of(status, body) {
    const error = body?.error;
    if (error?.parameter)
        return new ApiError(
            `${error.parameter}: “${error.value}” is not valid.`,
            `Accepted: ${error.accepted}`,
            error.parameter,
        );
    return new ApiError(
        error?.message ?? `The server returned status ${status}.`,
        ADVICE[status] ?? "See the log of flowimport.",
    );
}

function query_text(parameters) {
    const query = new URLSearchParams();
    for (const [name, value] of Object.entries(parameters))
        if (value !== null && value !== undefined && value !== "") query.set(name, value);
    const text = query.toString();
    return text && "?" + text;
}

export const api_address = (path, parameters) => path + query_text(parameters);

export function api_abort() {
    for (const controller of slots.values()) controller.abort();
    slots.clear();
}

// The answer, with `ms` as the server measured it. Broken off, it never settles: nobody waits for it any more.
export async function api_get(slot, path, parameters = {}) {
    slots.get(slot)?.abort();
    const controller = new AbortController();
    slots.set(slot, controller);
    try {
        const response = await fetch(api_address(path, parameters), {
            signal: controller.signal,
            credentials: "same-origin",
        });
        const text = await response.text();
        const body = json_read(text);
        if (!response.ok) throw error_of(response.status, body);
        if (body === null)
            throw new ApiError("The response is not JSON.", "Is another program listening at this address?");
        const timing = /dur=([0-9.]+)/.exec(response.headers.get("Server-Timing") ?? "");
        return timing ? { ...body, ms: +timing[1] } : body;
    } catch (error) {
        if (controller.signal.aborted) return await new Promise(() => {});
        if (error instanceof ApiError) throw error;
        throw new ApiError("flowimport does not answer.", "Is it still running? Start it, then try again.");
    } finally {
        if (slots.get(slot) === controller) slots.delete(slot);
    }
}

function json_read(text) {
    try {
        return JSON.parse(text);
    } catch {
        return null;
    }
}
