// A tree of named elements and plain texts: a text becomes a text node, never markup.
const TAGS = "article b br div h2 h3 mark p small span sup table tbody td th thead tr".split(" ");
const MORE = /^(lang|role|scope|tabindex|title|aria-[a-z]+)$/;
function settle(element, node) {
  if (element.className !== (node.cls || "")) element.className = node.cls || "";
  const more = node.more || {};
  for (const name of element.getAttributeNames())
    if (MORE.test(name) && !(name in more)) element.removeAttribute(name);
  for (const [name, value] of Object.entries(more))
    if (MORE.test(name) && element.getAttribute(name) !== value) element.setAttribute(name, value);
  if (node.kids) return fit(element, node.kids);
  if (element.children.length || element.textContent !== node.text) element.textContent = node.text;
}
// what stands already stays: a reader's selection and a screen reader's place are kept
function fit(parent, nodes) {
  for (const child of [...parent.childNodes]) if (child.nodeType !== 1) child.remove();
  nodes.forEach((node, place) => {
    const tag = TAGS.includes(node.tag) ? node.tag : "span";
    let old = parent.children[place];
    if (!old || old.localName !== tag) {
      const made = document.createElement(tag);
      old ? old.replaceWith(made) : parent.appendChild(made);
      old = made;
    }
    settle(old, node);
  });
  while (parent.children.length > nodes.length) parent.lastElementChild.remove();
}
export default {
  render({ model, el }) {
    wake(model);
    const box = document.createElement("div");
    box.className = "nd-tree";
    el.appendChild(box);
    const show = () => fit(box, model.get("nodes"));
    model.on("change:nodes", show);
    show();
    return () => model.off("change:nodes", show);
  },
};
