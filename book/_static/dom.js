/* Elements with their attributes and what stands in them, for the pages that are drawn. */
"use strict";
window.dom = (() => {
  const SVG = "http://www.w3.org/2000/svg"; // the name of a vocabulary; nothing is fetched
  function fill(node, attributes, inside) {
    for (const [name, value] of Object.entries(attributes || {})) node.setAttribute(name, value);
    node.append(...inside);
    return node;
  }
  return {
    el: (tag, attributes, ...inside) => fill(document.createElement(tag), attributes, inside),
    svg: (tag, attributes, ...inside) =>
      fill(document.createElementNS(SVG, tag), attributes, inside),
  };
})();
