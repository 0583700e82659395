// What a page needs once: the theme, the keys and the names of sliders.
// light or dark as asked, kept or usual here; Shift makes an arrow move a slider by ten steps
function settle() {
  const root = document.documentElement;
  if (root.dataset.wbDark) return;
  const asked = new URLSearchParams(location.search).get("dark");
  const lab = document.body.dataset.jpThemeLight;
  const kept = localStorage.getItem("wb-dark");
  const system = matchMedia("(prefers-color-scheme: dark)").matches ? "1" : "0";
  const inLab = lab && !document.body.dataset.voila;
  const own = inLab ? (lab === "false" ? "1" : "0") : system;
  root.dataset.wbDark = asked || kept || own;
}
function byTen(event) {
  const handle = event.target.closest && event.target.closest(".wb .noUi-handle");
  if (!handle || !event.shiftKey || !event.key.startsWith("Arrow")) return;
  event.preventDefault();
  event.stopImmediatePropagation();
  for (let i = 0; i < 10; i++)
    handle.dispatchEvent(new KeyboardEvent("keydown", { key: event.key, bubbles: true }));
}
function named() {
  for (const row of document.querySelectorAll(".wb .widget-hslider")) {
    const words = row.querySelector(".widget-label")?.textContent || "";
    const told = row.querySelector(".widget-readout")?.textContent || "";
    const handle = row.querySelector(".noUi-handle");
    if (!handle) continue;
    if (handle.getAttribute("aria-label") !== words) handle.setAttribute("aria-label", words);
    if (handle.getAttribute("aria-valuetext") !== told) handle.setAttribute("aria-valuetext", told);
  }
  for (const idle of document.querySelectorAll('.wb [title="null"]')) idle.removeAttribute("title");
}
function watch() {
  let waiting = false;
  const soon = () => {
    if (waiting) return;
    waiting = true;
    setTimeout(() => { waiting = false; named(); }, 100);
  };
  new MutationObserver(soon).observe(document.body, { childList: true, subtree: true, characterData: true });
  soon();
}
export default {
  render({ el }) {
    el.style.display = "none";
    settle();
    if (globalThis.__wbKeys) return;
    globalThis.__wbKeys = true;
    document.addEventListener("keydown", byTen, true);
    watch();
  },
};
