// Drag-and-drop and progress for the upload form. Without script the form works by itself.
"use strict";

function say(form, words) {
  const said = form.querySelector("[data-said]");
  said.textContent = words;
  said.hidden = !words;
}

function shown(form, files) {
  const list = [...files].map((file) => file.name).join("、");
  if (list) form.querySelector("[data-chosen]").textContent = list;
}

function send(form) {
  const bar = form.querySelector("progress"), button = form.querySelector("button");
  const request = new XMLHttpRequest();
  const failed = (words) => { button.disabled = false; bar.hidden = true; say(form, words || form.dataset.failed); };
  request.open("POST", form.action);
  request.setRequestHeader("Accept", "application/json");
  request.setRequestHeader("X-CSRF-Token", form.elements.csrf.value);
  request.upload.addEventListener("progress", (event) => { if (event.lengthComputable) bar.value = (100 * event.loaded) / event.total; });
  request.addEventListener("error", () => failed());
  request.addEventListener("load", () => {
    let told = {};
    try { told = JSON.parse(request.responseText); } catch { /* a page: the server refused */ }
    if (request.status === 200 && told.at) window.location.assign(told.at);
    else failed(told.said || (request.status === 413 ? form.dataset.tooLarge : ""));
  });
  bar.hidden = false;
  button.disabled = true;
  say(form, "");
  request.send(new FormData(form));
}

function begin(form) {
  const area = form.querySelector("[data-drop]"), input = form.querySelector("input[type=file]");
  for (const name of ["dragenter", "dragover"]) {
    area.addEventListener(name, (event) => { event.preventDefault(); area.classList.add("over"); });
  }
  for (const name of ["dragleave", "drop"]) area.addEventListener(name, () => area.classList.remove("over"));
  area.addEventListener("drop", (event) => {
    event.preventDefault();
    if (event.dataTransfer.files.length) { input.files = event.dataTransfer.files; shown(form, input.files); }
  });
  input.addEventListener("change", () => shown(form, input.files));
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const size = [...input.files].reduce((sum, file) => sum + file.size, 0);
    if (size > Number(form.dataset.most)) say(form, form.dataset.tooLarge);
    else send(form);
  });
}

document.querySelectorAll("form[data-upload]").forEach(begin);
