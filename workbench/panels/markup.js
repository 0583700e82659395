// Markup that Python made (and escaped), with clicks on [data-act] sent back.
function theme() {
  const root = document.documentElement;
  root.dataset.wbDark = root.dataset.wbDark === "1" ? "0" : "1";
  localStorage.setItem("wb-dark", root.dataset.wbDark);
}
export default {
  render({ model, el }) {
    wake(model);
    const box = document.createElement("div");
    box.className = "wb-markup";
    el.appendChild(box);
    // the step of the spine that the reader works at; buttons of the bar carry its name
    const mark = () => {
      for (const button of box.querySelectorAll('[data-act="goto"]')) {
        const now = button.dataset.value === (globalThis.__wbStep || "choose");
        button.classList.toggle("wb-now", now);
        now ? button.setAttribute("aria-current", "step") : button.removeAttribute("aria-current");
      }
    };
    const at = (event) => {
      const inside = event.target.closest && event.target.closest('[class*="wb-step-"]');
      const step = inside && /wb-step-(\w+)/.exec(inside.className)[1];
      if (step && box.querySelector(`[data-act="goto"][data-value="${step}"]`)) { globalThis.__wbStep = step; mark(); }
    };
    const show = () => {
      const focus = box.contains(document.activeElement) && document.activeElement.dataset.key;
      const scroll = box.firstElementChild ? box.firstElementChild.scrollLeft : 0;
      box.innerHTML = model.get("html");
      if (box.firstElementChild) box.firstElementChild.scrollLeft = scroll;
      mark();
      if (focus) { const again = box.querySelector(`[data-key="${CSS.escape(focus)}"]`); if (again) again.focus(); }
    };
    const act = (event) => {
      const target = event.target.closest("[data-act]");
      if (!target || !box.contains(target)) return;
      if (event.type === "keydown" && event.key !== "Enter" && event.key !== " ") return;
      event.preventDefault();
      const { act: name, value } = target.dataset;
      if (name === "theme") return theme();
      if (name === "copy") return navigator.clipboard.writeText(box.querySelector("pre").textContent);
      if (name === "goto") {
        globalThis.__wbStep = value;
        mark();
        const place = document.querySelector(`.wb-step-${value}`);
        if (!place) return;
        const calm = matchMedia("(prefers-reduced-motion: reduce)").matches;
        place.scrollIntoView({ behavior: calm ? "auto" : "smooth", block: "center" });
        return place.querySelector("select, input, button, .noUi-handle")?.focus({ preventScroll: true });
      }
      model.send({ act: name, value: value || "" });
    };
    const offer = (message) => {
      if (typeof message.download !== "string") return;
      const link = document.createElement("a");
      link.href = URL.createObjectURL(new Blob([message.download], { type: "application/octet-stream" }));
      link.download = message.name;
      link.click();
      URL.revokeObjectURL(link.href);
    };
    const escape = (event) => { if (event.key === "Escape") model.send({ act: "escape", value: "" }); };
    box.addEventListener("click", act);
    box.addEventListener("keydown", act);
    if (model.get("escapes")) document.addEventListener("keydown", escape);
    for (const kind of ["focusin", "pointerdown"]) document.addEventListener(kind, at);
    model.on("change:html", show);
    model.on("msg:custom", offer);
    show();
    return () => {
      model.off("change:html", show);
      model.off("msg:custom", offer);
      document.removeEventListener("keydown", escape);
      for (const kind of ["focusin", "pointerdown"]) document.removeEventListener(kind, at);
    };
  },
};
