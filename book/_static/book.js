addEventListener("DOMContentLoaded", () => {
  // The arrows that fold parts of the contents have no name of their own for a screen reader.
  for (const arrow of document.querySelectorAll(".bd-sidebar details > summary"))
    arrow.setAttribute("aria-label", `Pages below ${arrow.closest("li").querySelector("a").textContent}`);
  // Docutils makes a list of the bibliography, but gives its entries a role that no list may hold.
  for (const entry of document.querySelectorAll(".citation-list > .citation"))
    entry.setAttribute("role", "listitem");
});
