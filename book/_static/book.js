// The arrows that fold parts of the contents have no name of their own for a screen reader.
addEventListener("DOMContentLoaded", () => {
  for (const arrow of document.querySelectorAll(".bd-sidebar details > summary"))
    arrow.setAttribute("aria-label", `Pages below ${arrow.closest("li").querySelector("a").textContent}`);
});
