// Markup that Python made (and escaped), with clicks on [data-act] sent back.
function theme() {
  const root = document.documentElement;
  root.dataset.wbDark = root.dataset.wbDark === "1" ? "0" : "1";
  localStorage.setItem("wb-dark", root.dataset.wbDark);
}
export default {
  render({ model, el }) {
    const box = document.createElement("div");
    box.className = "wb-markup";
    el.appendChild(box);
    const show = () => {
      const focus = box.contains(document.activeElement) && document.activeElement.dataset.key;
      const scroll = box.firstElementChild ? box.firstElementChild.scrollLeft : 0;
      box.innerHTML = model.get("html");
      if (box.firstElementChild) box.firstElementChild.scrollLeft = scroll;
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
      if (name === "goto") return document.querySelector(`.wb-step-${value}`)?.scrollIntoView({ behavior: "smooth", block: "start" });
      model.send({ act: name, value: value || "" });
    };
    const escape = (event) => { if (event.key === "Escape") model.send({ act: "escape", value: "" }); };
    box.addEventListener("click", act);
    box.addEventListener("keydown", act);
    if (model.get("escapes")) document.addEventListener("keydown", escape);
    model.on("change:html", show);
    show();
    return () => { model.off("change:html", show); document.removeEventListener("keydown", escape); };
  },
};
