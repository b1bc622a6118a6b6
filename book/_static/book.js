addEventListener("DOMContentLoaded", () => {
  // The arrows that fold parts of the contents have no name of their own for a screen reader.
  for (const arrow of document.querySelectorAll(".bd-sidebar details > summary"))
    arrow.setAttribute("aria-label", `Pages below ${arrow.closest("li").querySelector("a").textContent}`);
  // Docutils makes a list of the bibliography, but gives its entries a role that no list may hold.
  for (const entry of document.querySelectorAll(".citation-list > .citation"))
    entry.setAttribute("role", "listitem");
});

addEventListener("DOMContentLoaded", () => {
  // Tables: cells know their column, so that a row can be a card; a container knows what it hides.
  const narrow = matchMedia("(max-width: 600px)");
  const labelled = [...document.querySelectorAll(".pst-scrollable-table-container")].map((box) => {
    const table = box.querySelector("table");
    const heads = [...table.querySelectorAll("thead th")].map((head) => head.textContent.trim());
    const verdict = heads.indexOf("verdict");
    for (const row of table.rows)
      [...row.cells].forEach((cell, at) => {
        cell.dataset.label = heads[at] ?? "";
        cell.classList.toggle("verdict", at === verdict);
      });
    return { box, table };
  });
  const look = ({ box }) => {
    box.classList.toggle("more-left", box.scrollLeft > 1);
    box.classList.toggle("more-right", box.scrollLeft + box.clientWidth < box.scrollWidth - 1);
  };
  const lay = ({ box, table }) => {
    table.classList.remove("cards");
    table.classList.toggle("cards", narrow.matches && box.scrollWidth > box.clientWidth + 1);
    // what is laid out as a block is no table to a screen reader any more, unless it is said to be
    const roles = { TABLE: "table", THEAD: "rowgroup", TBODY: "rowgroup", TR: "row", TD: "cell", TH: "columnheader" };
    for (const part of [table, ...table.querySelectorAll("thead, tbody, tr, td, th")])
      if (table.classList.contains("cards")) part.setAttribute("role", roles[part.tagName]);
      else part.removeAttribute("role");
    look({ box });
  };
  const seen = new ResizeObserver((entries) => entries.forEach(({ target }) => lay(labelled.find(({ box }) => box === target))));
  for (const one of labelled) {
    seen.observe(one.box); // a tab or a fold that opens gives its table a size
    one.box.addEventListener("scroll", () => look(one), { passive: true });
  }
});

addEventListener("DOMContentLoaded", () => {
  // What a term means: a card on pointing at it, on reaching it by keyboard, and on a first tap.
  const card = document.createElement("div");
  Object.assign(card, { id: "term-card", hidden: true });
  card.setAttribute("role", "tooltip");
  document.body.append(card);
  let shown = null, leaving, tappedBefore = true;
  const stay = () => clearTimeout(leaving);
  const hide = () => {
    stay();
    shown?.removeAttribute("aria-describedby");
    card.hidden = true;
    shown = null;
  };
  const leave = () => { leaving = setTimeout(hide, 200); }; // time to move onto the card
  const show = (link) => {
    if (shown === link) return stay();
    hide();
    shown = link;
    card.textContent = link.dataset.meaning;
    card.hidden = false;
    link.setAttribute("aria-describedby", card.id);
    const at = link.getClientRects()[0], room = document.documentElement.clientWidth - card.offsetWidth - 8;
    const below = at.bottom + card.offsetHeight + 8 < innerHeight || at.top < card.offsetHeight + 8;
    card.style.left = `${scrollX + Math.max(8, Math.min(at.left, room))}px`;
    card.style.top = `${scrollY + (below ? at.bottom + 4 : at.top - card.offsetHeight - 4)}px`;
  };
  for (const link of document.querySelectorAll("a.term[title]")) {
    link.dataset.meaning = link.title;
    link.removeAttribute("title"); // or the browser would show it as well
    link.addEventListener("pointerenter", (event) => { if (event.pointerType === "mouse") show(link); });
    link.addEventListener("pointerleave", (event) => { if (event.pointerType === "mouse") leave(); });
    link.addEventListener("focus", () => show(link));
    link.addEventListener("blur", leave);
    link.addEventListener("pointerdown", (event) => { tappedBefore = event.pointerType === "mouse" || shown === link; });
    link.addEventListener("click", (event) => {
      if (tappedBefore) return;
      event.preventDefault();
      tappedBefore = true; // the second tap follows the link, and so does Enter
      show(link);
    });
  }
  card.addEventListener("pointerenter", stay);
  card.addEventListener("pointerleave", leave);
  addEventListener("keydown", (event) => { if (event.key === "Escape") hide(); });
  addEventListener("pointerdown", (event) => { if (shown && !shown.contains(event.target) && !card.contains(event.target)) hide(); });
});
