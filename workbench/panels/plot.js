// A live plot: whatever figure Python last set is drawn, at the size of its container.
function dark() {
  return document.documentElement.dataset.wbDark === "1";
}
function coloured(figure, swap) {
  let text = JSON.stringify(figure);
  if (dark()) for (const [from, to] of Object.entries(swap)) text = text.replaceAll(`"${from}"`, `"${to}"`);
  return JSON.parse(text);
}
async function plotly() {
  while (!globalThis.__wbPlotly) await new Promise((go) => setTimeout(go, 30));
  return globalThis.__wbPlotly;
}
export default {
  async render({ model, el }) {
    wake(model);
    const box = document.createElement("div");
    box.className = "wb-plot";
    box.setAttribute("role", "img");
    el.appendChild(box);
    const api = await plotly();
    let width = 0;
    const draw = () => {
      const figure = coloured(model.get("figure"), model.get("swap"));
      if (!figure.layout || !box.isConnected) return;
      box.setAttribute("aria-label", model.get("label"));
      width = box.clientWidth;
      const layout = { ...figure.layout, autosize: true };
      layout.font = { ...layout.font, family: getComputedStyle(box).fontFamily };
      if (width && width < 560) {
        layout.showlegend = false;
        layout.margin = { ...layout.margin, l: 44, r: 8, t: 12, b: 40 };
        const title = layout.xaxis && layout.xaxis.title;
        if (title && model.get("short")) layout.xaxis = { ...layout.xaxis, title: { text: model.get("short") } };
        figure.data.forEach((trace) => { if (trace.mode === "markers+text") trace.mode = "markers"; });
      }
      api.react(box, figure.data, layout, { displayModeBar: false, responsive: false });
      if (!box.dataset.wired) {
        box.dataset.wired = "1";
        box.on("plotly_click", (event) => {
          const id = event.points[0] && event.points[0].customdata;
          if (typeof id === "string") model.send({ click: id });
        });
      }
      box.dataset.drawn = String(Number(box.dataset.drawn || 0) + 1);
    };
    // numbers beside a slider go first: a plot takes its time when nothing else is waiting for it
    const idle = globalThis.requestIdleCallback;
    const later = idle ? (go) => idle(go, { timeout: 250 }) : requestAnimationFrame;
    let waiting = false;
    const soon = () => {
      if (waiting) return;
      waiting = true;
      later(() => { waiting = false; draw(); });
    };
    model.on("change:figure change:short", soon);
    const resized = new ResizeObserver(() => { if (box.clientWidth !== width) soon(); });
    resized.observe(box);
    const themed = new MutationObserver(soon);
    themed.observe(document.documentElement, { attributes: true, attributeFilter: ["data-wb-dark"] });
    soon();
    return () => {
      model.off("change:figure change:short", soon);
      resized.disconnect();
      themed.disconnect();
      api.purge(box);
    };
  },
};
