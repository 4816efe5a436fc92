// A little comfort: drop a file, see the answer in place. Without this script the same forms post and the page answers.
"use strict";

const live = document.getElementById("live");

function show(html, address) {
  const page = new DOMParser().parseFromString(html, "text/html");
  document.getElementById("main").replaceWith(page.getElementById("main"));
  document.title = page.title;
  history.pushState(null, "", address);
  prepare();
  const place = document.querySelector("#answer, .note, #state");
  if (place) {
    const heading = place.querySelector("h1, h2") || place;
    live.textContent = heading.textContent.trim();
    place.setAttribute("tabindex", "-1");
    place.focus({ preventScroll: true });
    place.scrollIntoView({ block: "start" });
  }
}

async function post(form, body, said) {
  const button = form.querySelector("button");
  button.disabled = true;
  try {
    const answer = await fetch(form.action, { method: "POST", body, credentials: "omit" });
    show(await answer.text(), answer.url);
  } catch {
    said(form.dataset.failed || "", true);
  } finally {
    button.disabled = false;
  }
}

function prepareDrop(form) {
  const input = form.querySelector("input[type=file]");
  const line = form.querySelector(".sending");
  form.classList.add("lively");
  const said = (text, bad) => {
    line.textContent = text;
    line.classList.toggle("bad", Boolean(bad));
  };
  const send = (file) => {
    if (!file) return;
    if (file.size > Number(form.dataset.limit)) {
      said(form.dataset.tooLarge, true);
      return;
    }
    said(form.dataset.sending);
    const body = new FormData();
    body.append("file", file, file.name);
    post(form, body, said);
  };
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    send(input.files[0]);
  });
  input.addEventListener("change", () => send(input.files[0]));
  for (const name of ["dragenter", "dragover"]) {
    form.addEventListener(name, (event) => {
      event.preventDefault();
      form.classList.add("over");
    });
  }
  for (const name of ["dragleave", "drop"]) form.addEventListener(name, () => form.classList.remove("over"));
  form.addEventListener("drop", (event) => {
    event.preventDefault();
    send(event.dataTransfer.files[0]);
  });
}

function prepare() {
  document.querySelectorAll("form[data-drop]").forEach(prepareDrop);
}

window.addEventListener("popstate", () => location.reload());
prepare();
