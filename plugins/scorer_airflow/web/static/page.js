"use strict";
(function () {
  const root = document.documentElement;

  // The UI keeps its colour mode as a class of its own page; outside it, the browser's preference stands.
  function parentRoot() {
    try {
      return window.parent === window ? null : window.parent.document.documentElement;
    } catch {
      return null;
    }
  }

  function wanted(classes) {
    return classes.contains("dark") ? "dark" : classes.contains("light") ? "light" : "";
  }

  function follow(outer) {
    const show = () => { root.dataset.mode = wanted(outer.classList); };
    show();
    new MutationObserver(show).observe(outer, { attributeFilter: ["class"] });
  }

  // One slow answer of a busy head must not freeze the page for minutes.
  const LONGEST = 10000;

  // What changes while somebody looks is asked for again: less often when the answer takes long, not at all while
  // nobody sees it.
  function refresh(place) {
    const every = Number(place.dataset.every);
    const silence = document.getElementById("silence");
    let pause = every;

    async function ask() {
      if (document.hidden) {
        return;
      }
      const began = performance.now();
      try {
        const answer = await fetch(place.dataset.live, { cache: "no-store" });
        if (answer.headers.get("Scorer-Ended")) {
          location.reload();
          return;
        }
        if (!answer.ok) {
          throw new Error(String(answer.status));
        }
        place.innerHTML = await answer.text();
        silence.hidden = true;
        pause = Math.min(Math.max(every, 60 * (performance.now() - began)), LONGEST);
      } catch {
        silence.hidden = false;
        pause = Math.min(2 * pause, 60000);
      }
      later();
    }

    let timer = 0;
    function later() {
      clearTimeout(timer);
      timer = setTimeout(ask, pause);
    }
    document.addEventListener("visibilitychange", () => { if (!document.hidden) { ask(); } });
    later();
  }

  function watchChoice(form) {
    const button = form.querySelector("[data-needs]");
    const boxes = [...form.querySelectorAll("input[type=checkbox]")];
    function count() {
      const chosen = boxes.filter((box) => box.checked).length;
      button.disabled = chosen !== Number(button.dataset.needs);
      for (const box of boxes) {
        box.disabled = !box.checked && chosen >= Number(button.dataset.needs);
      }
    }
    form.addEventListener("change", count);
    count();
  }

  const outer = parentRoot();
  if (outer) {
    follow(outer);
  }
  document.addEventListener("DOMContentLoaded", () => {
    document.querySelectorAll("[data-live]").forEach(refresh);
    document.querySelectorAll("form[data-choose]").forEach(watchChoice);
    for (const choice of document.querySelectorAll("select[data-submits]")) {
      choice.addEventListener("change", () => choice.form.requestSubmit());
    }
  });
})();
