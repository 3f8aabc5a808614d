// Keys: whatever bears data-key="x" is pressed, followed or focused by the key x, the first that is visible. Nothing here
// is needed: every key stands for a link, a button or a field of the page.
"use strict";
(() => {
  const writes = (element) => element.closest("input:not([type=checkbox]), textarea, select, [contenteditable]") !== null;
  const visible = (element) => element.getClientRects().length > 0;

  document.addEventListener("keydown", (event) => {
    if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || event.isComposing || event.repeat) return;
    if (writes(event.target)) {
      if (event.key === "Escape") event.target.blur();
      return;
    }
    if (!/^[a-z\/?]$/.test(event.key)) return;
    const found = [...document.querySelectorAll(`[data-key="${event.key}"]`)].find(visible);
    if (!found) return;
    event.preventDefault();
    if (writes(found)) found.focus();
    else found.click();
  });

  // A decision is sent once: the second click on a slow line would only learn what the first did.
  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (form.dataset.sent) event.preventDefault();
    form.dataset.sent = "yes";
  });
  window.addEventListener("pageshow", () => document.querySelectorAll("form").forEach((form) => delete form.dataset.sent));
})();
