"use strict";
// Makes the page quicker to use; everything also works without scripts. htmx fetches and swaps, this does the rest.
{
  const byId = (id) => document.getElementById(id);

  // The list of repositories ----------------------------------------------------------------------------------------

  function filterRepositories(field) {
    const panel = field.closest(".oa-panel");
    const wanted = field.value.trim().toLowerCase();
    let shown = 0;
    for (const item of panel.querySelectorAll(".oa-options li")) {
      item.hidden = !item.textContent.toLowerCase().includes(wanted);
      shown += item.hidden ? 0 : 1;
    }
    panel.querySelector(".oa-no-match").hidden = shown > 0 || !wanted;
  }

  function closeList(exceptAround) {
    for (const list of document.querySelectorAll(".oa-drop[open]")) {
      if (!list.contains(exceptAround)) {
        list.open = false;
      }
    }
  }

  document.addEventListener("input", (event) => {
    if (event.target.id === "repository-search" && !event.target.hasAttribute("hx-get")) {
      filterRepositories(event.target); // the list is complete; htmx asks the server for others
    }
  });
  // The search narrows a list to choose from. It is not part of the view.
  document.addEventListener("htmx:configRequest", ({ detail }) => {
    if (detail.elt.id !== "repository-search") {
      delete detail.parameters.repo_q;
    }
  });
  document.addEventListener("click", (event) => closeList(event.target));
  document.addEventListener("keydown", (event) => {
    const list = event.target.closest && event.target.closest(".oa-drop[open]");
    if (event.key === "Escape" && list) {
      list.open = false;
      list.querySelector("summary").focus();
    }
    if (event.key === "Enter" && event.target.id === "repository-search") {
      event.preventDefault(); // it filters the list, it does not send the form
    }
  });
  // A search field is read while it is typed in: leaving it is not another change.
  document.addEventListener("change", (event) => event.target.type === "search" && event.stopPropagation(), true);

  // The control of repositories stays as it is while it is in use, but says the new choice.
  function updateSummary(target, fragment) {
    const [shown, received] = [target, fragment].map((part) => part.querySelector(".oa-drop > summary"));
    if (shown && received) {
      shown.replaceChildren(...received.childNodes);
    }
  }

  // In place: keep focus, scroll and open lists -----------------------------------------------------------------------

  let scrolled = 0;

  document.addEventListener("htmx:oobBeforeSwap", (event) => {
    const { target, fragment } = event.detail;
    const active = document.activeElement;
    const isInUse = active.form && active.form.id === "filters" && target.contains(active);
    if (isInUse && !target.querySelector(".oa-error") && !fragment.querySelector(".oa-error")) {
      event.detail.shouldSwap = false;
      updateSummary(target, fragment);
    } else if (target.querySelector(".oa-drop[open]")) {
      fragment.querySelector(".oa-drop").open = true;
    }
  });
  document.addEventListener("htmx:beforeSwap", () => {
    const table = byId("table");
    scrolled = table ? table.scrollLeft : 0;
  });
  document.addEventListener("htmx:afterSettle", () => {
    const results = byId("results");
    if (byId("table")) {
      byId("table").scrollLeft = scrolled;
    }
    if (document.activeElement === document.body) {
      results.focus({ preventScroll: true }); // the element that had the focus is gone
    }
    byId("announcement").textContent = results.dataset.summary;
  });

  // htmx logs aborted requests as errors; these are expected, so drop them. Its logger sees each event first.
  const expected = ["htmx:afterRequest", "htmx:sendAbort", "htmx:historyCacheMissLoadError"];
  htmx.logger = (_element, name, detail) => {
    if (expected.includes(name)) {
      delete detail.error;
    }
  };

  document.documentElement.classList.add("oa-enhanced"); // htmx is there: the form needs no button

  // Shades the edges of a table that can be scrolled further -----------------------------------------------------------

  function shade(region) {
    const { scrollLeft, scrollTop, scrollWidth, scrollHeight, clientWidth, clientHeight } = region;
    const frame = region.closest(".oa-edges").classList;
    frame.toggle("oa-more-aside", Math.abs(scrollLeft) + clientWidth < scrollWidth - 1); // negative from right to left
    frame.toggle("oa-more-below", scrollTop + clientHeight < scrollHeight - 1);
  }

  const sizes = new ResizeObserver((entries) => entries.forEach(({ target }) => shade(target)));

  function watchTables() {
    sizes.disconnect();
    for (const region of document.querySelectorAll(".oa-scroll")) {
      region.addEventListener("scroll", () => shade(region), { passive: true });
      sizes.observe(region);
    }
  }

  for (const event of ["htmx:afterSettle", "htmx:historyRestore"]) {
    document.addEventListener(event, watchTables);
  }
  watchTables();

  // Back from another page: the browser restores the page's scroll position, this the table's ---------------------------

  const scrollKey = () => `org-analytics ${location.pathname}${location.search}`;

  window.addEventListener("pagehide", () => {
    const table = byId("table");
    if (table) {
      sessionStorage.setItem(scrollKey(), JSON.stringify([table.scrollLeft, table.scrollTop]));
    }
  });
  if (performance.getEntriesByType("navigation")[0]?.type === "back_forward" && byId("table")) {
    const [left, top] = JSON.parse(sessionStorage.getItem(scrollKey()) || "[0, 0]");
    byId("table").scrollTo(left, top);
  }

  // Progress and failure ----------------------------------------------------------------------------------------------

  function showFailure() {
    const failure = byId("failure");
    failure.textContent = byId("organization").dataset.failed;
    failure.hidden = false;
  }

  document.addEventListener("htmx:beforeRequest", () => {
    byId("failure").hidden = true;
    byId("results").setAttribute("aria-busy", "true");
  });
  document.addEventListener("htmx:afterRequest", () => byId("results").removeAttribute("aria-busy"));
  for (const event of ["htmx:responseError", "htmx:sendError", "htmx:timeout", "htmx:swapError"]) {
    document.addEventListener(event, showFailure);
  }

  // Going back or forward aborts a request that is under way, and the other way round.
  let restoring = null;

  document.addEventListener("htmx:historyCacheMiss", ({ detail }) => {
    restoring?.abort();
    restoring = detail.xhr;
    restoring.addEventListener("error", showFailure);
    htmx.trigger(byId("organization"), "htmx:abort");
  });
  document.addEventListener("htmx:beforeRequest", () => restoring?.abort());
  // A view that history cannot fetch (a bad address, say) is shown by the browser itself.
  document.addEventListener("htmx:historyCacheMissLoadError", () => location.reload());
}
