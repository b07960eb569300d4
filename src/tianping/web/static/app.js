/* What the pages do besides links and forms: they work without it. */
"use strict";

const csrf = document.querySelector('meta[name="csrf"]')?.content;

document.addEventListener("htmx:configRequest", (event) => {
  if (csrf) event.detail.headers["X-CSRF-Token"] = csrf;
});

/* Forms marked with a question ask it first; every form is sent once. */
document.addEventListener("submit", (event) => {
  const form = event.target;
  const question = event.submitter?.dataset.confirm ?? form.dataset.confirm;
  if (question && !window.confirm(question)) {
    event.preventDefault();
  } else if (form.method === "post" && !form.hasAttribute("hx-post") && !event.defaultPrevented) {
    if (form.dataset.sent) event.preventDefault();
    form.dataset.sent = "1";
    setTimeout(() => delete form.dataset.sent, 5000);
  }
});

/* Selects marked so send their form when changed. */
document.addEventListener("change", (event) => {
  if (event.target.matches("[data-send]")) event.target.form.requestSubmit();
});

/* One menu is open at a time, and closes when one looks elsewhere. */
function closeMenus(but) {
  for (const menu of document.querySelectorAll("details.menu[open]")) if (menu !== but) menu.open = false;
}
document.addEventListener("click", (event) => closeMenus(event.target.closest("details.menu")));

/* Keys: / looks for something, j and k go down and up the rows of a table, Escape closes menus. */
const writing = "input, select, textarea, [contenteditable]";
function step(by) {
  const rows = [...document.querySelectorAll("main .table tbody tr")].filter((row) => row.querySelector("a"));
  const here = rows.indexOf(document.activeElement?.closest("tr"));
  const row = rows[Math.min(Math.max(here + by, 0), rows.length - 1)];
  row?.querySelector("a").focus();
}
const keys = {
  "/": () => document.querySelector("[data-search]")?.focus(),
  j: () => step(1),
  k: () => step(-1),
};
document.addEventListener("keydown", (event) => {
  if (event.key === "Escape") {
    document.querySelector("details.menu[open] > summary")?.focus();
    closeMenus(null);
  } else if (keys[event.key] && !event.ctrlKey && !event.metaKey && !event.altKey && !event.target.matches(writing)) {
    event.preventDefault();
    keys[event.key]();
  }
});

/* Copies the text of what it names: <button data-copy="#sql">. */
document.addEventListener("click", async (event) => {
  const button = event.target.closest("[data-copy]");
  if (!button) return;
  await navigator.clipboard.writeText(document.querySelector(button.dataset.copy).textContent);
  if (button.dataset.copied) button.textContent = button.dataset.copied;
});

/* The tab one is on is in sight. */
document.querySelector(".tabs a[aria-current]")?.scrollIntoView({ block: "nearest", inline: "center" });

/* Tables of many columns scroll sideways; their heads stay in sight, as those of other tables do by the stylesheet. */
function keepHeads() {
  const top = document.querySelector(".top").offsetHeight;
  for (const box of document.querySelectorAll(".table.scrolls")) {
    const table = box.querySelector("table");
    const fits = table.scrollWidth <= box.clientWidth + 1;
    box.classList.toggle("fits", fits);
    const most = box.clientHeight - table.tHead.offsetHeight;
    const down = fits ? 0 : Math.min(Math.max(top - box.getBoundingClientRect().top, 0), most);
    box.style.setProperty("--down", `${down}px`);
  }
}
keepHeads();
for (const event of ["scroll", "resize"]) window.addEventListener(event, keepHeads, { passive: true });
document.addEventListener("htmx:afterSettle", keepHeads);
