// The interviewer's keys and the lease of the case. Without this script every form of the page works by mouse and tab.
(() => {
  "use strict";
  const writes = (target) => target.matches("textarea, select, input:not([type=radio]):not([type=checkbox])");
  let letter = "";

  const choose = (option) => {
    option.checked = option.type === "checkbox" ? !option.checked : true;
    option.focus();
  };

  const press = (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing || writes(event.target)) return;
    const key = event.key.length === 1 ? event.key.toUpperCase() : event.key;
    const answer = document.querySelector(`#answers input[data-key="${CSS.escape(key)}"]`);
    if (answer) {
      letter = "";
      choose(answer);
    } else if (key === "Enter" && event.target.matches("#answers input")) {
      event.target.form.requestSubmit();
    } else if (key === "Enter" && document.querySelector("#answers input:checked") && !event.target.matches("a, button, input")) {
      document.querySelector("#answers").requestSubmit();
    } else if (key === "Enter" && !event.target.matches("a, button, input")) {
      const button = document.querySelector('button[data-key="Enter"]');
      if (!button) return;
      button.form.requestSubmit();
    } else if (key === "Backspace") {
      const back = document.querySelector('a[data-key="Backspace"]');
      if (!back) return;
      back.click();
    } else if (letter && document.querySelector(`#outcomes input[data-keys="${CSS.escape(letter + key)}"]`)) {
      const outcome = document.querySelector(`#outcomes input[data-keys="${CSS.escape(letter + key)}"]`);
      letter = "";
      choose(outcome);
      outcome.form.requestSubmit();
    } else if (document.querySelector(`#outcomes [data-letter="${CSS.escape(key)}"]`)) {
      letter = key;
      const group = document.querySelector(`#outcomes [data-letter="${CSS.escape(key)}"]`);
      document.querySelectorAll("#outcomes .pressed").forEach((other) => other.classList.remove("pressed"));
      group.classList.add("pressed");
      group.scrollIntoView({ block: "nearest" });
    } else {
      letter = "";
      return;
    }
    event.preventDefault();
  };

  const stay = async (place) => {
    const form = new URLSearchParams({ fence: place.dataset.fence, csrf_token: place.dataset.token });
    try {
      const answer = await fetch(place.dataset.heartbeat, { method: "POST", body: form, credentials: "same-origin" });
      if (answer.status === 409) document.querySelector("#lost").hidden = false;
    } catch {
      // The network is away for a moment; the lease outlasts several beats.
    }
  };

  document.addEventListener("keydown", press);
  // The page asks whether the call has changed and is then loaded anew: not while somebody is writing on it.
  document.addEventListener("htmx:beforeRequest", (event) => {
    if (writes(document.activeElement)) event.preventDefault();
  });
  const place = document.querySelector("#case");
  if (place) setInterval(() => stay(place), 60000);
})();
