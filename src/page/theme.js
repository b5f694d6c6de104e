// The theme that was chosen, else the system's, before anything is painted; loaded ahead of the page.
const system = matchMedia("(prefers-color-scheme: dark)");

function theme_set() {
    let chosen = null;
    try {
        chosen = localStorage.getItem("theme");
    } catch {
        // Without storage it is the system's.
    }
    document.documentElement.dataset.theme = chosen ?? (system.matches ? "dark" : "light");
    document.dispatchEvent(new Event("themechange"));
}

system.addEventListener("change", theme_set);
theme_set();
