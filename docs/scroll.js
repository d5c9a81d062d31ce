// Tables that scroll sideways can be scrolled by keyboard, too.
document.addEventListener("DOMContentLoaded", () => {
  const reachable = () =>
    document.querySelectorAll(".md-typeset__scrollwrap").forEach((wrap) => wrap.setAttribute("tabindex", "0"));
  reachable();
  new MutationObserver(reachable).observe(document.body, { childList: true, subtree: true });
});
