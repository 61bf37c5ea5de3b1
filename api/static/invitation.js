// The code stands behind the address's #, which browsers send to nobody: from there into the form, and into the API.
"use strict";
const form = document.getElementById("invitation");
const told = document.getElementById("told");
const spoken = document.documentElement.lang;

function taken() {
  const code = location.hash.slice(1);
  if (!code) return;
  form.elements.secret.value = code;
  document.getElementById("code-row").hidden = true;
  for (const link of document.querySelectorAll(".languages a")) link.hash = location.hash;
}

function refused(sentences) {
  told.textContent = [...new Set(sentences)].join(" ");
  told.hidden = false;
}

function accepted(answer) {
  const { names } = answer.institution;
  const place = names[spoken] ?? Object.values(names)[0];
  const done = document.getElementById("done");
  done.textContent = form.dataset.done
    .replace("{institution}", () => `\u2068${place}\u2069`)
    .replace("{role}", () => form.dataset[answer.role] ?? answer.role);
  form.hidden = true;
  told.hidden = true;
  done.hidden = false;
  done.focus();
}

form.addEventListener("submit", async (event) => {
  event.preventDefault();
  const button = form.querySelector("button");
  button.disabled = true;
  const wanted = Object.fromEntries(new FormData(form));
  const headers = { "Content-Type": "application/json", "Accept-Language": spoken };
  const body = JSON.stringify({ ...wanted, language: spoken });
  try {
    const answer = await fetch(form.action, { method: "POST", headers, body });
    const said = await answer.json();
    if (answer.ok) accepted(said);
    else refused(said.errors?.length ? said.errors.map((each) => each.message) : [said.detail]);
  } catch {
    refused([form.dataset.lost]);
  } finally {
    button.disabled = false;
  }
});

window.addEventListener("hashchange", taken);
taken();
