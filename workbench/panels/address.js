// Tells Python what the address says and who the visitor is; keeps the address current.
function visitor() {
  let id = localStorage.getItem("wb-client");
  if (!/^[0-9a-f]{32}$/.test(id || "")) {
    id = Array.from(crypto.getRandomValues(new Uint8Array(16)), (b) => b.toString(16).padStart(2, "0")).join("");
    localStorage.setItem("wb-client", id);
  }
  return id;
}
export default {
  render({ model, el }) {
    wake(model);
    el.style.display = "none";
    const keep = () => {
      const wanted = model.get("query");
      if (!wanted || !model.get("owns_page")) return;
      const now = new URLSearchParams(location.search);
      for (const [name, value] of Object.entries(wanted)) value ? now.set(name, value) : now.delete(name);
      const text = now.toString();
      history.replaceState(null, "", location.pathname + (text ? "?" + text : "") + location.hash);
    };
    model.on("change:query", keep);
    model.send({ search: location.search, client: visitor() });
    return () => model.off("change:query", keep);
  },
};
