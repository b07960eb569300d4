// Drag-and-drop and progress for the upload form. Without script the form works by itself.
"use strict";

function say(form, words) {
  const said = form.querySelector("[data-said]");
  said.textContent = words;
  said.hidden = !words;
}

function sized(bytes) {
  const mega = bytes / 2 ** 20;
  return mega >= 1024 ? `${(mega / 1024).toFixed(1)} GB` : mega >= 10 ? `${mega.toFixed(0)} MB` : mega >= 1 ? `${mega.toFixed(1)} MB` : `${Math.ceil(mega * 1024)} KB`;
}

// The names of few files; of more how many they are, and how large together.
function shown(form, files) {
  const chosen = [...files], size = chosen.reduce((sum, file) => sum + file.size, 0);
  const many = form.dataset.chosenMany.replace("{n}", chosen.length).replace("{size}", sized(size));
  const told = chosen.length > Number(form.dataset.listed) ? many : chosen.map((file) => file.name).join("、");
  if (chosen.length) form.querySelector("[data-chosen]").textContent = told;
}

function send(form) {
  const bar = form.querySelector("progress"), button = form.querySelector("button");
  const request = new XMLHttpRequest();
  const failed = (words) => { button.disabled = false; bar.hidden = true; say(form, words); };
  request.open("POST", form.action);
  request.setRequestHeader("Accept", "application/json");
  request.setRequestHeader("X-CSRF-Token", form.elements.csrf.value);
  request.upload.addEventListener("progress", (event) => { if (event.lengthComputable) bar.value = (100 * event.loaded) / event.total; });
  request.addEventListener("error", () => failed(form.dataset.failed));
  request.addEventListener("load", () => {
    let told = {};
    try { told = JSON.parse(request.responseText); } catch { /* a page: the way to the sign-in, or a fault of the server's */ }
    if (request.status === 200 && told.at) window.location.assign(told.at);
    else if (new URL(request.responseURL).pathname === "/login") window.location.assign("/login?next=/data/uploads");
    else failed(told.said || (request.status === 413 ? form.dataset.tooLarge : form.dataset.refused));
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
    if (input.files.length > Number(form.dataset.mostFiles)) say(form, form.dataset.tooMany.replace("{n}", input.files.length));
    else if (size > Number(form.dataset.most)) say(form, form.dataset.tooLarge);
    else send(form);
  });
}

document.querySelectorAll("form[data-upload]").forEach(begin);
